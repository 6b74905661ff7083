import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import path from 'node:path'
import { selfCommand } from '../../platform/self.ts'
import type { Context } from '../context.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** A command that takes longer hangs. */
const PATIENCE_MS = 60_000
const STOP = ['worker', 'stop', '--force']

interface RunOptions {
  /** Text for stdin. */
  input?: string | undefined
  /** Its stdout is returned, not shown. */
  quiet?: boolean
}

/** A temporary folder with a queue, on which this very program is run; `play` leaves neither the folder nor a process. */
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

  /** Runs `story` and clears the stage, however the story ends. After a signal the process exits with 128 + its number. */
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
      // What Ctrl-C ended did not fail.
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

  /** Runs the program as if `args` were typed. Returns its exit code; 70 when a signal ended it or it took over a minute. */
  async run(
    args: readonly string[],
    { input, quiet = false }: RunOptions = {},
  ): Promise<{ code: number; stdout: string }> {
    // Nothing starts any more: what does not resolve keeps the story from going on.
    if (this.#signal !== null) return new Promise(() => {})
    await this.#context.flush()
    const child = this.#spawn(args, [input === undefined ? 'ignore' : 'pipe', quiet ? 'pipe' : 'inherit', 'inherit'])
    this.#child = child
    child.stdin?.on('error', () => {}).end(input)
    return ended(child)
  }

  /** Unless all is over, ends what still runs, by the queue's own means, which prove that nothing is left. Removes the folder. */
  async #clear(over: boolean): Promise<void> {
    if (!over) {
      await ended(this.#spawn(STOP, ['ignore', 'ignore', 'ignore'], true))
      // What is not on record as a supervisor, or not yet.
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
    // Ctrl-C is for everything that belongs to the terminal.
    return spawn(exec, [...before, ...args], { ...this.#options(), detached, stdio })
  }

  #options(): SpawnOptions {
    return {
      cwd: this.folder,
      env: { ...process.env, QUEUECTL_HOME: this.#home, QUEUECTL_DB: path.join(this.#home, 'queue.db') },
      windowsHide: true,
      timeout: PATIENCE_MS,
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
