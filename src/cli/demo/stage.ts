import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import path from 'node:path'
import { selfCommand } from '../../platform/self.ts'
import type { Context } from '../context.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** A command that takes longer is considered hung. */
const TIMEOUT_MS = 60_000
const STOP = ['worker', 'stop', '--force']

interface RunOptions {
  /** Text for stdin. */
  input?: string | undefined
  /** Return stdout instead of showing it. */
  quiet?: boolean
}

/** A temporary folder with a queue for runs of this program. `play` leaves neither the folder nor a process behind. */
export class Stage {
  /** Where the commands run. */
  readonly folder: string
  readonly #home: string
  readonly #context: Context
  #child: ChildProcess | null = null
  #signal: NodeJS.Signals | null = null

  constructor(context: Context) {
    this.#context = context
    this.#home = realpathSync(mkdtempSync(path.join(tmpdir(), 'queuectl-demo-')))
    this.folder = path.join(this.#home, 'work')
    mkdirSync(this.folder)
  }

  /** Runs `story`, then cleans up, however the story ended. After a signal the process exits with 128 + its number. */
  async play(story: () => Promise<void>): Promise<void> {
    let interrupt = () => {}
    const interrupted = new Promise<void>((resolve) => {
      interrupt = resolve
    })
    const onSignal = (signal: NodeJS.Signals) => {
      this.#signal ??= signal
      interrupt()
    }
    for (const signal of SIGNALS) process.on(signal, onSignal)
    // Output that nobody reads any more (`| head`) ends the process at once.
    const onExit = () => this.#clearAtOnce()
    process.on('exit', onExit)
    let over = false
    try {
      await Promise.race([story(), interrupted])
      over = this.#signal === null
    } catch (error) {
      // A command stopped by Ctrl-C did not fail.
      if (this.#signal === null) throw error
    } finally {
      await this.#clear(over)
      for (const signal of SIGNALS) process.off(signal, onSignal)
      process.off('exit', onExit)
    }
    if (this.#signal === null) return
    await this.#context.flush()
    process.exit(128 + constants.signals[this.#signal])
  }

  /** Runs the program with `args`. Returns its exit code; 70 when a signal ended it or it took over a minute. */
  async run(
    args: readonly string[],
    { input, quiet = false }: RunOptions = {},
  ): Promise<{ code: number; stdout: string }> {
    // After a signal nothing starts: a promise that never resolves stops the story here.
    if (this.#signal !== null) return new Promise(() => {})
    await this.#context.flush()
    const child = this.#spawn(args, [input === undefined ? 'ignore' : 'pipe', quiet ? 'pipe' : 'inherit', 'inherit'])
    this.#child = child
    child.stdin?.on('error', () => {}).end(input)
    return ended(child)
  }

  /**
   * Removes the folder. Unless the story is over, first stops what still runs with `worker stop`, which proves that
   * nothing remains.
   */
  async #clear(over: boolean): Promise<void> {
    if (!over) {
      await ended(this.#spawn(STOP, ['ignore', 'ignore', 'ignore'], true))
      // The command may not be a registered supervisor, or not yet.
      this.#child?.kill()
      if (this.#child) await ended(this.#child)
    }
    this.#remove()
  }

  /** The same without an await, which the end of the process leaves no time for. */
  #clearAtOnce(): void {
    if (this.#child !== null && isRunning(this.#child)) {
      const { exec, args } = selfCommand()
      spawnSync(exec, [...args, ...STOP], { ...this.#options(), stdio: 'ignore' })
    }
    this.#remove()
  }

  #remove(): void {
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }

  #spawn(args: readonly string[], stdio: ('ignore' | 'pipe' | 'inherit')[], detached = false): ChildProcess {
    const { exec, args: before } = selfCommand()
    // Ctrl-C reaches every process of the terminal that is not detached.
    return spawn(exec, [...before, ...args], { ...this.#options(), detached, stdio })
  }

  #options(): SpawnOptions {
    return {
      cwd: this.folder,
      env: { ...process.env, QUEUECTL_HOME: this.#home, QUEUECTL_DB: path.join(this.#home, 'queue.db') },
      windowsHide: true,
      timeout: TIMEOUT_MS,
    }
  }
}

const isRunning = (child: ChildProcess) => child.exitCode === null && child.signalCode === null

function ended(child: ChildProcess): Promise<{ code: number; stdout: string }> {
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve) => {
    const done = (code: number | null) => resolve({ code: code ?? 70, stdout: Buffer.concat(chunks).toString() })
    if (!isRunning(child)) done(child.exitCode)
    child.on('error', () => done(null)).on('close', done)
  })
}
