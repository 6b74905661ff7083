import { spawnSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

// `node build/session-svg.ts`: draws docs/session.svg, a terminal with the true output of these commands, run on a queue in a temporary folder.

/** What is typed in the picture. */
export const COMMANDS = [
  `queuectl enqueue --id photo -- echo 'converted 17.png'`,
  `queuectl enqueue --id mail --backoff-base 1 --max-retries 1 -- 'cat letter.txt'`,
  'queuectl worker start --count 2 --drain',
  'queuectl list',
  'touch letter.txt && queuectl dlq retry mail',
  'queuectl worker start --drain',
  'queuectl logs photo',
] as const

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const COLUMNS = 92
const CHARACTER = 8
const LINE = 18
const MARGIN = 16
const TITLE = 28
const COLOURS = {
  ground: '#1b1f27',
  bar: '#2b313c',
  text: '#d5dae3',
  prompt: '#8b95a7',
  command: '#ffffff',
  edge: '#545d6e',
}

if (import.meta.main) writeFileSync(path.join(ROOT, 'docs/session.svg'), drawn(played()))

interface Line {
  text: string
  typed: boolean
}

function played(): Line[] {
  const home = realpathSync(mkdtempSync(path.join(tmpdir(), 'queuectl-session-')))
  try {
    return COMMANDS.flatMap((command) => [
      { text: command, typed: true },
      ...outputOf(command, home).map((text) => ({ text, typed: false })),
    ])
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

function outputOf(command: string, home: string): string[] {
  const program = `queuectl() { '${process.execPath}' '${ROOT}src/main.ts' "$@"; }`
  const env = { PATH: process.env.PATH, HOME: home, QUEUECTL_DB: path.join(home, 'queue.db'), QUEUECTL_HOME: home }
  const { stdout, stderr } = spawnSync('/bin/sh', ['-c', `${program}; ${command} 2>&1`], {
    cwd: home,
    env,
    encoding: 'utf8',
  })
  if (stderr !== '') throw new Error(`${command}: ${stderr}`)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.replaceAll(home, '~').replace(/^\d{4}-\d\d-\d\d (?=\d\d:)/, ''))
}

/** The lines in a window of fixed size. Each line has its width, so that it fits whatever monospace font is there. */
function drawn(lines: readonly Line[]): string {
  const width = COLUMNS * CHARACTER + 2 * MARGIN
  const height = lines.length * LINE + 2 * MARGIN + TITLE
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>A terminal session with queuectl: two jobs are enqueued, one fails, dies, is repaired and runs again</title>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" fill="${COLOURS.ground}" stroke="${COLOURS.edge}"/>
<path d="M1 ${TITLE}V9a8 8 0 0 1 8-8H${width - 9}a8 8 0 0 1 8 8V${TITLE}Z" fill="${COLOURS.bar}"/>
<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="13" xml:space="preserve" style="white-space:pre">
${lines.map((line, i) => row(line, TITLE + MARGIN + (i + 0.75) * LINE)).join('\n')}
</g>
</svg>
`
}

function row({ text, typed }: Line, y: number): string {
  if (!typed) return words(text, MARGIN, y, COLOURS.text)
  return words('$', MARGIN, y, COLOURS.prompt) + words(text, MARGIN + 2 * CHARACTER, y, COLOURS.command)
}

function words(text: string, x: number, y: number, colour: string): string {
  const shown = text.length > COLUMNS - 2 ? `${text.slice(0, COLUMNS - 3)}…` : text
  if (shown === '') return ''
  const escaped = shown.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x}" y="${y}" textLength="${shown.length * CHARACTER}" lengthAdjust="spacingAndGlyphs" fill="${colour}">${escaped}</text>`
}
