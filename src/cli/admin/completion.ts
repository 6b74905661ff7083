import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { buildProgram } from '../program.ts'

/** A word that can follow, and what it does. */
interface Word {
  word: string
  about: string
}

/** What can follow the command `path`, such as `worker start`; an empty path is the program itself. */
interface Completion {
  path: string
  words: Word[]
}

const SCRIPTS: Record<string, (completions: readonly Completion[]) => string> = { bash, zsh, fish, powershell }

/** `completion`: prints the completion script for `shell`. */
export async function completion(context: Context, shell: string): Promise<void> {
  const script = SCRIPTS[shell]?.(completionsOf(await buildProgram(context), [])) ?? ''
  if (context.json) context.outJson({ shell, script })
  else context.out(script)
}

function completionsOf(command: Command, path: readonly string[]): Completion[] {
  const help = command.createHelp()
  const subcommands = help.visibleCommands(command).filter((one) => path.length === 0 || one.name() !== 'help')
  const inherited = help.visibleGlobalOptions(command).filter(({ long }) => long !== '--version')
  const words = [
    ...subcommands.map((one) => ({ word: one.name(), about: one.summary() || one.description() })),
    ...[...help.visibleOptions(command), ...inherited].flatMap(({ long, description }) =>
      long ? [{ word: long, about: description }] : [],
    ),
  ]
  const own = { path: path.join(' '), words }
  return [own, ...command.commands.flatMap((one) => completionsOf(one, [...path, one.name()]))]
}

/** The scripts find the command by its names among the words before the cursor, without options. */
function bash(completions: readonly Completion[]): string {
  const cases = completions.map(
    ({ path, words }) => `    ${quoted(path)}) words=${quoted(words.map(({ word }) => word).join(' '))} ;;`,
  )
  return `_queuectl() {
  local path= word words= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case " ${pathsWith(completions)} " in *" \${path:+\${path// /.}.}$word "*) path=\${path:+$path }$word ;; esac
    [ "$word" = -- ] && return
  done
  case $path in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _queuectl queuectl`
}

function zsh(completions: readonly Completion[]): string {
  const cases = completions.map(({ path, words }) => {
    const rows = words.map(({ word, about }) => `      ${quoted(`${word}:${about.replaceAll(':', '\\:')}`)}`)
    return `    ${quoted(path)}) words_=(\n${rows.join('\n')}\n    ) ;;`
  })
  return `#compdef queuectl
_queuectl() {
  local path_= word i
  local -a words_
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    case " ${pathsWith(completions)} " in *" \${path_:+\${path_// /.}.}$word "*) path_=\${path_:+$path_ }$word ;; esac
    [[ $word == -- ]] && { _files; return }
  done
  case $path_ in
${cases.join('\n')}
  esac
  _describe queuectl words_ || _files
}
if [ "$funcstack[1]" = _queuectl ]; then _queuectl "$@"; else compdef _queuectl queuectl; fi`
}

function fish(completions: readonly Completion[]): string {
  const rows = completions.flatMap(({ path, words }) =>
    words.map(({ word, about }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`
      return `complete -c queuectl -n "__queuectl_at '${path}'" ${what} -d ${quoted(about, "\\'")}`
    }),
  )
  return `function __queuectl_at
  set -l path ''
  for word in (commandline -opc)[2..]
    set -l next (string trim "$path $word")
    if contains -- $next ${completions.map(({ path }) => quoted(path)).join(' ')}
      set path $next
    end
  end
  test "$path" = "$argv[1]"
end
${rows.join('\n')}`
}

function powershell(completions: readonly Completion[]): string {
  const rows = completions.map(({ path, words }) => {
    const pairs = words.map(({ word, about }) => `      @(${quoted(word, "''")}, ${quoted(about, "''")})`)
    return `    ${quoted(path, "''")} = @(\n${pairs.join('\n')}\n    )`
  })
  return `Register-ArgumentCompleter -Native -CommandName queuectl -ScriptBlock {
  param($word, $ast, $cursor)
  $places = @{
${rows.join('\n')}
  }
  $path = ''
  foreach ($element in $ast.CommandElements | Select-Object -Skip 1) {
    if ($element.Extent.EndOffset -ge $cursor) { break }
    $next = "$path $element".Trim()
    if ($places.ContainsKey($next)) { $path = $next }
  }
  $places[$path] | Where-Object { $_[0] -like "$word*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
  }
}`
}

/** All paths, each as a single word: `worker worker.start …`. */
function pathsWith(completions: readonly Completion[]): string {
  return completions.flatMap(({ path }) => (path === '' ? [] : [path.replaceAll(' ', '.')])).join(' ')
}

/** `text` in single quotes; `quote` is how the shell escapes a quote inside them. */
function quoted(text: string, quote = "'\\''"): string {
  return `'${text.replaceAll("'", quote)}'`
}
