import type { Job, Run } from '../domain/job.ts'
import { logPath } from '../platform/files.ts'
import type { JobStore } from '../store/port.ts'
import { followLog, readLog } from '../worker/log-reader.ts'
import type { Context } from './context.ts'
import { runsOf } from './job-runs.ts'
import type { LogPrinter } from './log-printer.ts'

/** Prints the output of a job's runs while they go on, one run after the other. */
export class Follower {
  readonly #context: Context
  readonly #store: JobStore
  readonly #printer: LogPrinter
  readonly #last: number
  /** Number of the run that is shown, or was the last to be. */
  #shown: number
  #tail: number | null
  #current: { token: string; end: () => Promise<void> } | null = null

  /** Shows runs `first` to `last`; of the first only the last `tail` lines, if that is given. */
  constructor(
    context: Context,
    store: JobStore,
    printer: LogPrinter,
    {
      first = 1,
      last = Number.POSITIVE_INFINITY,
      tail = null,
    }: { first?: number; last?: number; tail?: number | null } = {},
  ) {
    this.#context = context
    this.#store = store
    this.#printer = printer
    this.#last = last
    this.#shown = first - 1
    this.#tail = tail
  }

  /** To be called after each change of the job. */
  async look(job: Job): Promise<void> {
    const { state, run_token } = job
    if (this.#current !== null && (state !== 'processing' || run_token !== this.#current.token)) await this.close()
    if (job.runs <= this.#shown) return
    for (const run of await runsOf(this.#store, job)) {
      if (run.number <= this.#shown || run.number > this.#last) continue
      await this.#begin(run)
      if (run.finished_at !== null) await this.close()
    }
  }

  /** Prints what is left of the current run. */
  async close(): Promise<void> {
    await this.#current?.end()
    this.#current = null
  }

  async #begin({ number, token }: Run): Promise<void> {
    // A run may begin between two looks, before the one that was shown is known to have ended.
    await this.close()
    this.#shown = number
    if (number > 1) this.#context.note(`run ${number}`)
    this.#printer.begin(number)
    const path = logPath(this.#store.info.folder, token)
    const on_chunk = (chunk: Buffer) => this.#printer.print(chunk)
    const from = this.#tail === null ? 0 : await readLog(path, on_chunk, { tail: this.#tail })
    this.#tail = null
    const stop = new AbortController()
    const following = followLog(path, { from, signal: stop.signal, on_chunk })
    // Nobody waits for it until its end; a failure then is not unhandled meanwhile.
    following.catch(() => {})
    const end = async () => {
      stop.abort()
      await following
      this.#printer.end()
    }
    this.#current = { token, end }
  }
}
