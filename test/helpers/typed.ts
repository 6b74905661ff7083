import type { Command } from 'commander'
import { Context } from '../../src/cli/context.ts'
import { buildProgram } from '../../src/cli/program.ts'
import type { Page } from './pages.ts'

/** Languages of blocks that show what is typed in a terminal. */
const SHELL = /^(sh|console|crontab|yaml)$/

/** Command lines of queuectl that a page shows: in blocks, and as code in a sentence, which may name a command without its arguments. */
export function typedOn({ blocks, prose }: Page): { line: string; named: boolean }[] {
  const lines = blocks.filter(({ language }) => SHELL.test(language)).flatMap(({ text }) => typedIn(text))
  const spans = [...prose.matchAll(/`(queuectl [^`]+)`/g)].map(([, span = '']) => span)
  return [...lines.map((line) => ({ line, named: false })), ...spans.map((line) => ({ line, named: true }))]
}

/** Command lines of queuectl in a piece of a shell script. */
export function typedIn(script: string): string[] {
  // xargs adds the ids.
  const joined = script.replaceAll(/\\\n\s*/g, ' ').replaceAll(/xargs (queuectl \w+)/g, 'xargs $1 ID')
  return joined
    .split('\n')
    .flatMap((line) => [...line.replace(/(^|\s)#.*/, '').matchAll(COMMAND)].map(([text]) => text))
}

/** From the program's name, which a path may stand before, to where another command of the shell begins. */
const COMMAND = /(?<=^|[\s/("`!|])queuectl (?:'[^']*'|"[^"]*"|[^|&;)'"`])+/g

/** Why today's program does not take the command line `typed`; null when it does. `named`: its arguments may be left out. Nothing is run. */
export async function refusal(typed: string, named = false): Promise<string | null> {
  const words = split(typed).slice(1)
  const cut = words.findIndex((word) => /^(>|<|2>)/.test(word))
  const argv = cut < 0 ? words : words.slice(0, cut)
  // What is written for any command, or any choice of them.
  if (argv.every((word) => /^[A-Z]+$/.test(word) || word === '--help')) return null
  try {
    const context = new Context(argv)
    context.out = () => {}
    context.err = () => {}
    const program = await buildProgram(context, argv)
    disarm(program)
    await program.parseAsync(argv, { from: 'user' })
    return null
  } catch (error) {
    const { message, code } = error as Error & { code?: string }
    if (named && code === 'commander.missingArgument') return null
    return code === 'commander.helpDisplayed' || code === 'commander.version' ? null : message
  }
}

function disarm(command: Command): void {
  if (command.commands.length === 0) command.action(() => {})
  command.commands.forEach(disarm)
}

/** As a shell splits words, as far as these pages go. */
function split(typed: string): string[] {
  return [...typed.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'),
  )
}
