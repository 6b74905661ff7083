import type { Job, Run } from '../../domain/job.ts'
import { type FollowEnd, followOutput } from '../../logs/output-follower.ts'
import type { JobStore } from '../../store/port.ts'
import { runsOf } from '../../views/job-view.ts'
import type { Context } from '../context.ts'
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
  #current: { token: string; end: (why: FollowEnd) => Promise<void> } | null = null

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
    if (this.#current !== null && (state !== 'processing' || run_token !== this.#current.token))
      await this.#close('ended')
    if (job.runs <= this.#shown) return
    for (const run of await runsOf(this.#store, job)) {
      if (run.number <= this.#shown || run.number > this.#last) continue
      await this.#begin(run)
      if (run.finished_at !== null) await this.#close('ended')
    }
  }

  /** Prints what is there of the current run. */
  close(): Promise<void> {
    return this.#close('left')
  }

  async #close(why: FollowEnd): Promise<void> {
    await this.#current?.end(why)
    this.#current = null
  }

  async #begin(run: Run): Promise<void> {
    const { number, token } = run
    // A run may begin between two looks, before the one that was shown is known to have ended.
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
    // Nobody waits for it until its end; a failure then is not unhandled meanwhile.
    following.catch(() => {})
    const end = async (why: FollowEnd) => {
      stop.abort(why)
      await following
      this.#printer.end()
    }
    this.#current = { token, end }
  }
}
