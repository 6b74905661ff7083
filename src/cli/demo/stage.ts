import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import path from 'node:path'
import { selfCommand } from '../../platform/self.ts'
import type { Context } from '../context.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** A command that takes longer is considered hung. */
const TIMEOUT_MS = 60_000

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
      await ended(this.#spawn(['worker', 'stop', '--force'], ['ignore', 'ignore', 'ignore'], true))
      // The command may not be a registered supervisor, or not yet.
      this.#child?.kill()
      if (this.#child) await ended(this.#child)
    }
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }

  #spawn(args: readonly string[], stdio: ('ignore' | 'pipe' | 'inherit')[], detached = false): ChildProcess {
    const { exec, args: before } = selfCommand()
    return spawn(exec, [...before, ...args], {
      cwd: this.folder,
      env: { ...process.env, QUEUECTL_HOME: this.#home, QUEUECTL_DB: path.join(this.#home, 'queue.db') },
      // Ctrl-C reaches every process of the terminal that is not detached.
      detached,
      windowsHide: true,
      timeout: TIMEOUT_MS,
      stdio,
    })
  }
}

function ended(child: ChildProcess): Promise<{ code: number; stdout: string }> {
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve) => {
    const done = (code: number | null) => resolve({ code: code ?? 70, stdout: Buffer.concat(chunks).toString() })
    if (child.exitCode !== null || child.signalCode !== null) done(child.exitCode)
    child.on('error', () => done(null)).on('close', done)
  })
}
