import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

// A queue's life in about ten seconds, with a throw-away store: prints each command as one would type it, lets it speak for itself,
// and exits 1 if anything is not as it should be.

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const HOME = mkdtempSync(path.join(tmpdir(), 'queuectl-demo-'))
const FOLDER = path.join(HOME, 'work')
const ENV = { ...process.env, QUEUECTL_HOME: HOME, QUEUECTL_DB: path.join(HOME, 'queue.db') }
const COLOUR = process.stdout.isTTY && !process.env.NO_COLOR

const WINDOWS = process.platform === 'win32'
const HELLO = WINDOWS ? 'echo Hello && ping -n 2 127.0.0.1 >nul' : 'echo Hello && sleep 1'
const FAILS_ONCE = WINDOWS
  ? 'if exist seen (echo second try) else (echo x>seen & echo first try fails & exit 1)'
  : 'if [ -e seen ]; then echo second try; else touch seen; echo first try fails; exit 1; fi'
const NEEDS_FOLDER = WINDOWS ? 'dir missing' : 'ls missing'

process.on('exit', () => rmSync(HOME, { recursive: true, force: true }))
process.on('SIGINT', () => process.exit(130))
mkdirSync(FOLDER)

say('Jobs: one is plain, one fails at first, one fails until somebody repairs the cause.')
run(['enqueue', JSON.stringify({ id: 'hello', command: HELLO, max_retries: 3 })])
run(['enqueue', '--id', 'flaky', '--backoff-base', '1', '--', FAILS_ONCE])
run(['enqueue', '--id', 'broken', '--backoff-base', '1', '--max-retries', '1', '--', NEEDS_FOLDER])
run(['enqueue', '--id', 'urgent', '--priority', '10', '--', 'echo', 'goes first'])
run(['enqueue', '--id', 'later', '--delay', '2s', '--', 'echo waited'])
run(['enqueue', '-'], { input: 'echo one of three\necho two of three\necho three of three\n' })
run(['status'])

say('Three workers, until nothing is left to run. Exit code 1: a job died meanwhile.')
run(['worker', 'start', '--count', '3', '--drain'], { exit: 1 })
run(['status'])
run(['list'])
check({ hello: 'completed', flaky: 'completed', broken: 'dead', urgent: 'completed', later: 'completed' })

say('The retry: two runs, the second one good.')
run(['show', 'flaky'])

say('The dead letter queue: repair the cause, then give the job a new start.')
run(['dlq', 'list'])
mkdirSync(path.join(FOLDER, 'missing'))
console.log(prompt('mkdir missing'))
run(['dlq', 'retry', 'broken'])
run(['worker', 'start', '--drain'])
run(['dlq', 'list'])
run(['status'])
check({ broken: 'completed' })

say('Everything was as it should be.')

/** Runs the program as if `args` were typed; ends the demo when it exits with anything but `exit`. */
function run(args: string[], { exit = 0, input }: { exit?: number; input?: string } = {}): void {
  const feed = input ? `printf ${quoted(input)} | ` : ''
  console.log(prompt(`${feed}queuectl ${args.map(quoted).join(' ')}`))
  const { status } = spawn(args, { input, stdio: [input ? 'pipe' : 'ignore', 'inherit', 'inherit'] })
  if (status !== exit) fail(`queuectl ${args[0]} exited with ${status}, not ${exit}`)
}

/** Ends the demo unless the jobs are in these states. */
function check(expected: Record<string, string>): void {
  for (const [id, state] of Object.entries(expected)) {
    const { stdout, status } = spawn(['show', id, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const found = status === 0 ? JSON.parse(stdout).state : `not there (exit ${status})`
    if (found !== state) fail(`job ${id} is ${found}, not ${state}`)
  }
}

function spawn(args: string[], options: { input?: string | undefined; stdio: ('pipe' | 'ignore' | 'inherit')[] }) {
  const child = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: FOLDER,
    env: ENV,
    encoding: 'utf8',
    timeout: 20_000,
    ...options,
    input: options.input ?? '',
  })
  return { status: child.status ?? child.signal, stdout: child.stdout ?? '' }
}

function quoted(word: string): string {
  return /^[\w./=:-]+$/.test(word) ? word : `'${word.replaceAll('\n', '\\n').replaceAll("'", "'\\''")}'`
}

function prompt(line: string): string {
  return COLOUR ? `\n\x1b[2m$\x1b[0m \x1b[1m${line}\x1b[0m` : `\n$ ${line}`
}

function say(text: string): void {
  console.log(COLOUR ? `\n\x1b[36m# ${text}\x1b[0m` : `\n# ${text}`)
}

function fail(message: string): never {
  console.error(`\ndemo: ${message}`)
  process.exit(1)
}
