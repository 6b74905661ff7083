import type { OutputTail } from '../domain/history.ts'
import type { Run } from '../domain/job.ts'
import { monotonic, sleep } from '../lib/clock.ts'
import type { JobStore } from '../store/port.ts'
import { followLog, lastLinesOf, readLog } from './log-reader.ts'
import { type LogLocation, lackOf, locationOf, pathHere } from './run-output.ts'

/** Interval of checks for a log that may appear here, and of queries to the store. */
const LOOK_MS = 100
const ASK_MS = 500
/** After a run has finished, its last bytes may still be on their way to the store: wait this long for them. */
const PATIENCE_MS = 2_000

/** Why following stops: the run has ended, or the reader has left. */
export type FollowEnd = 'ended' | 'left'

export interface FollowOptions {
  /** Number of lines to show of the existing output, the last ones; null: all. */
  tail: number | null
  /** Aborted with a `FollowEnd`. */
  signal: AbortSignal
  on_chunk: (chunk: Buffer) => void
  /** Announces that the next bytes were written but cannot be shown. */
  on_gap: (bytes: number, log: LogLocation) => void
  on_note: (text: string) => void
}

/**
 * Follows the output of a run until `signal` is aborted, and then returns what exists to its end: from the run's log,
 * or from the store.
 */
export async function followOutput(store: JobStore, run: Run, options: FollowOptions): Promise<void> {
  const { signal } = options
  const kept = new TailFollower(store, run, options)
  for (let last = false; !last; ) {
    last = signal.aborted
    const path = kept.begun ? null : pathHere(store, run)
    if (path !== null) return followHere(path, options)
    await kept.look(last)
    if (!last) await sleep(LOOK_MS, signal)
  }
  if ((signal.reason as FollowEnd) === 'ended') await kept.finish()
}

async function followHere(path: string, { tail, signal, on_chunk }: FollowOptions): Promise<void> {
  const from = tail === null ? 0 : await readLog(path, on_chunk, { tail })
  await followLog(path, { from, signal, on_chunk })
}

/** Follows what the store keeps. That is only the end of the output, so a follower that falls behind misses a part. */
class TailFollower {
  readonly #store: JobStore
  readonly #run: Run
  readonly #options: FollowOptions
  /** Position in the output after the bytes shown; null: nothing was seen yet. */
  #at: number | null = null
  #last: OutputTail | null = null
  #ask_at = 0

  constructor(store: JobStore, run: Run, options: FollowOptions) {
    this.#store = store
    this.#run = run
    this.#options = options
  }

  get begun(): boolean {
    return this.#at !== null
  }

  /** Asks the store for new output, if it is time or `now` is set. */
  async look(now: boolean): Promise<void> {
    if (!now && monotonic() < this.#ask_at) return
    this.#ask_at = monotonic() + ASK_MS
    const at = this.#at
    const output = await this.#store.output({ token: this.#run.token, ...(at === null ? {} : { beyond: at }) })
    if (output === null) return
    this.#last = output
    this.#show(output, at)
    this.#at = output.bytes
  }

  /** The run has ended: fetches its last bytes. */
  async finish(): Promise<void> {
    const until = monotonic() + PATIENCE_MS
    for (; this.#last !== null && !this.#last.ended && monotonic() < until; await sleep(LOOK_MS)) await this.look(true)
    if (this.#last?.ended) return
    const run = { ...this.#run, finished_at: this.#run.finished_at ?? this.#run.started_at }
    const note = lackOf(run, locationOf(run, this.#last))
    if (note !== null) this.#options.on_note(note)
  }

  #show(output: OutputTail, at: number | null): void {
    const { tail, on_gap, on_chunk } = this.#options
    const kept = Buffer.from(output.tail)
    const begins = output.bytes - kept.length
    const lines = at === null && tail !== null ? lastLinesOf(kept, tail) : null
    const from = at ?? 0
    if (lines === null ? begins > from : begins > 0 && lines.length === kept.length) {
      on_gap(begins - from, locationOf(this.#run, output))
    }
    const chunk = lines ?? kept.subarray(Math.max(0, from - begins))
    if (chunk.length > 0) on_chunk(chunk)
  }
}
