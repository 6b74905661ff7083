import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { watchedFlags } from './strict-wire/notes.ts'
import { tempFolder } from './temp.ts'
import { waitFor } from './wait-for.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
/** Limits a program that hangs, which would hang the tests too. */
const AT_MOST_MS = 60_000

export interface Ended {
  /** 128 + n for a signal, as a shell reports it. */
  code: number
  stdout: string
  stderr: string
}

export interface RunOptions {
  /**
   * In addition to this process's environment without its QUEUECTL_*, MONGODB_URI and colour settings, and to a
   * QUEUECTL_HOME; undefined removes a variable.
   */
  env?: Record<string, string | undefined>
  cwd?: string
  /** Text for stdin, which is empty otherwise. */
  input?: string | Buffer
  /** A command that runs the program, like `ip netns exec a`. */
  through?: readonly string[]
  stdio?: StdioOptions
  /** Milliseconds after which it is killed; 0: never. */
  at_most_ms?: number
}

/** Runs the program to its end: from its sources, or the one that QUEUECTL_TEST_BIN names. */
export async function queuectl(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const child = startQueuectl(args, options)
  const ended = collect(child)
  // It may end without reading.
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input ?? '')
  return ended
}

/** Starts the program and leaves it running; the test must end it. */
export function startQueuectl(args: readonly string[], options: RunOptions = {}): ChildProcess {
  const { env = {}, cwd, through = [], stdio = 'pipe', at_most_ms = AT_MOST_MS } = options
  const home = env.QUEUECTL_HOME ?? tempFolder()
  const [exec, ...before] = [...through, ...program()] as [string, ...string[]]
  return spawn(exec, [...before, ...args], {
    cwd: cwd ?? home,
    env: { ...cleanEnvironment(), QUEUECTL_HOME: home, NODE_COMPILE_CACHE: compileCache(), ...env },
    timeout: at_most_ms,
    stdio,
  })
}

/** The output of a child and how it ended, once it has. */
export function collect(child: ChildProcess): Promise<Ended> {
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
  child.stdout?.on('data', (chunk) => chunks.stdout.push(chunk))
  child.stderr?.on('data', (chunk) => chunks.stderr.push(chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      const { stdout, stderr } = chunks
      const number = signal === null ? 0 : { SIGINT: 130, SIGKILL: 137, SIGTERM: 143 }[signal as 'SIGINT'] || 255
      resolve({
        code: code ?? number,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      })
    })
  })
}

/** The program with a separate store, in a fresh folder. */
export function freshQueue() {
  const home = tempFolder()
  const db = path.join(home, 'queue.db')
  const withHome = ({ env, ...options }: RunOptions = {}) => ({ ...options, env: { QUEUECTL_HOME: home, ...env } })
  const run = (args: readonly string[], options?: RunOptions) => queuectl(args, withHome(options))
  const start = (args: readonly string[], options?: RunOptions) => startQueuectl(args, withHome(options))
  /** Stdout of a command that must succeed. */
  const ok = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(args)
    if (code !== 0) throw new Error(`queuectl ${args.join(' ')} exited with ${code}: ${stderr}`)
    return stdout
  }
  /** The JSON document of a command that must succeed. */
  const json = async (...args: string[]) => JSON.parse(await ok('--json', ...args))
  /** Runs all jobs to their end. */
  const drain = () => run(['worker', 'start', '--drain', '--timeout', '30s'])
  /** Runs workers until `stop` is called, which proves them gone. */
  const workers = async (...args: string[]) => {
    const child = start(['worker', 'start', ...args])
    const ended = collect(child)
    // The heartbeat that reports the supervisor as ready does so for each worker.
    await waitFor(
      async () => {
        const { code, stdout } = await run(['worker', 'list', '--json'])
        // The queue may not exist yet: the workers create it.
        return code === 0 && JSON.parse(stdout).some((row: { state: string }) => row.state === 'running')
      },
      { within: 20_000, what: 'the workers are ready' },
    )
    return {
      stop: async () => {
        await run(['worker', 'stop', '--force'])
        return ended
      },
    }
  }
  return { home, db, run, start, ok, json, drain, workers }
}

/** The program and what stands before its arguments: from its sources, or the one that QUEUECTL_TEST_BIN names. */
export function program(): string[] {
  const { QUEUECTL_TEST_BIN } = process.env
  if (!QUEUECTL_TEST_BIN) return [process.execPath, ...watchedFlags(), MAIN]
  const file = path.resolve(QUEUECTL_TEST_BIN)
  return /\.[cm]?js$/.test(file) ? [process.execPath, file] : [file]
}

let cache: string | null = null

/**
 * Without it every command of the tests strips and compiles the same sources again: 480 ms instead of 170. A lane's
 * tests share one.
 */
function compileCache(): string {
  cache ??= process.env.NODE_COMPILE_CACHE ?? tempFolder()
  return cache
}

/** This process’s environment, without what would lead the program elsewhere. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(QUEUECTL_|MONGODB_URI$|NO_COLOR$|FORCE_COLOR$|NODE_OPTIONS$)/.test(name),
    ),
  )
}
