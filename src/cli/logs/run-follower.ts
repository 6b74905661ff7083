import type { Job, Run } from '../../domain/job.ts'
import { type FollowEnd, followOutput } from '../../logs/output-follower.ts'
import type { JobStore } from '../../store/port.ts'
import { runsOf } from '../../views/job-view.ts'
import type { Context } from '../context.ts'
import type { LogPrinter } from './log-printer.ts'

/** Prints the output of a job's runs while they run, one run after the other. */
export class Follower {
  readonly #context: Context
  readonly #store: JobStore
  readonly #printer: LogPrinter
  readonly #last: number
  /** Number of the run that is shown, or was shown last. */
  #shown: number
  #tail: number | null
  #current: { token: string; end: (why: FollowEnd) => Promise<void> } | null = null

  /** Shows runs `first` to `last`; of the first run only the last `tail` lines, if given. */
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

  /** Call this after each change of the job. */
  async update(job: Job): Promise<void> {
    const { state, run_token } = job
    if (this.#current !== null && (state !== 'processing' || run_token !== this.#current.token))
      await this.#close('ended')
    if (job.runs <= this.#shown) return
    for (const run of await runsOf(this.#store, job)) {
      if (run.number <= this.#shown || run.number > this.#last) continue
      await this.#begin(run)
      if (run.finished_at !== null) await this.#close('ended')
    }
  }

  /** Prints the output of the current run so far, and stops. */
  close(): Promise<void> {
    return this.#close('left')
  }

  async #close(why: FollowEnd): Promise<void> {
    await this.#current?.end(why)
    this.#current = null
  }

  async #begin(run: Run): Promise<void> {
    const { number, token } = run
    // The next run may start between two checks, before the end of the shown one was seen.
    await this.#close('ended')
    this.#shown = number
    if (number > 1) this.#context.note(`run ${number}`)
    this.#printer.begin(number)
    const stop = new AbortController()
    const following = followOutput(this.#store, run, {
      tail: this.#tail,
      signal: stop.signal,
      on_chunk: (chunk) => this.#printer.print(chunk),
      on_gap: (bytes, log) => this.#printer.gap(bytes, log),
      on_note: (text) => this.#context.note(text),
    })
    this.#tail = null
    // It is awaited only at its end; until then a failure must not count as unhandled.
    following.catch(() => {})
    const end = async (why: FollowEnd) => {
      stop.abort(why)
      await following
      this.#printer.end()
    }
    this.#current = { token, end }
  }
}
