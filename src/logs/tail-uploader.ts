import { hostname } from 'node:os'
import type { OutputTail } from '../domain/history.ts'
import type { Job } from '../domain/job.ts'
import { effectiveSettings, type LiveSettings } from '../domain/settings.ts'
import { within } from '../lib/async.ts'
import type { JobStore } from '../store/port.ts'
import { leftTail, type Output } from './log-file.ts'
import { logPath } from './log-path.ts'

/** How often outputs of runs that go on are looked at. */
const LOOK_MS = 2_000
/** The end of a run waits so long for its last bytes to be kept, and not at all while the store is in trouble. */
const PATIENCE_MS = 500
/** Sent in one call, or the one output that is larger. */
const BATCH_BYTES = 1024 ** 2
/** Ended runs whose last bytes could not be kept yet; the oldest are given up. */
const MOST_WAITING = 100

interface WatchedRun {
  job: Job
  token: string
  output: Output
  /** Bytes written when the store was told last. */
  kept: number
  /** To be looked at. */
  due: boolean
  ended: boolean
  /** There is nothing more to keep. */
  done: PromiseWithResolvers<void>
}

/**
 * Keeps the end of each run's output in a store that hosts share, while the run goes on and at its end. One call at a time for all runs of
 * a worker, of what has grown: they take none of the connections that claims and results need, and one tail's memory each.
 */
export class TailUploader {
  readonly #store: JobStore
  readonly #settings: Pick<LiveSettings, 'log_tail'>
  readonly #on_trouble: (message: string) => void
  readonly #look_ms: number
  readonly #patience_ms: number
  readonly #host = hostname()
  readonly #runs = new Set<WatchedRun>()
  #timer: NodeJS.Timeout | null = null
  #sending = false
  /** The last call failed, or takes too long. */
  #in_trouble = false
  #told = false

  constructor(options: {
    store: JobStore
    settings: Pick<LiveSettings, 'log_tail'>
    on_trouble: (message: string) => void
    look_ms?: number
    patience_ms?: number
  }) {
    this.#store = options.store
    this.#on_trouble = options.on_trouble
    this.#look_ms = options.look_ms ?? LOOK_MS
    this.#patience_ms = options.patience_ms ?? PATIENCE_MS
    this.#settings = options.settings
  }

  /**
   * Watches the output of a run from its start. What it returns is to be called at the end of the run, and waited for before that is
   * settled: whoever sees the end then finds the last bytes. It never rejects, nor takes long.
   */
  watch(job: Job, token: string, output: Output): () => Promise<void> {
    if (!this.#store.info.shared) return async () => {}
    const run = { job, token, output, kept: 0, due: false, ended: false, done: Promise.withResolvers<void>() }
    this.#runs.add(run)
    this.#timer ??= setInterval(() => this.#look(), this.#look_ms)
    return () => this.#end(run)
  }

  /** Last bytes on their way have a moment to arrive. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    if (!this.#in_trouble) await within(this.#patience_ms, Promise.all([...this.#runs].map((run) => run.done.promise)))
    this.#runs.clear()
  }

  #look(): void {
    for (const run of this.#runs) run.due = true
    void this.#send()
  }

  async #end(run: WatchedRun): Promise<void> {
    run.ended = true
    run.due = true
    this.#forgetOldest()
    void this.#send()
    if (this.#in_trouble) return
    const done = within(
      this.#patience_ms,
      run.done.promise.then(() => true),
    )
    this.#in_trouble = (await done) !== true
  }

  /** Sends what is due until nothing is; what could not be sent is due again at the next look. */
  async #send(): Promise<void> {
    if (this.#sending) return
    this.#sending = true
    try {
      for (let runs = this.#due(); runs.length > 0; runs = this.#due()) await this.#keep(runs)
      this.#in_trouble = false
      this.#told = false
    } catch (error) {
      if (!this.#told) this.#on_trouble(`cannot keep the output of runs in the store: ${(error as Error).message}`)
      this.#in_trouble = true
      this.#told = true
    } finally {
      this.#sending = false
    }
  }

  /** Ended ones first: somebody waits for them. */
  #due(): WatchedRun[] {
    const due = [...this.#runs].filter((run) => run.due)
    return [...due.filter((run) => run.ended), ...due.filter((run) => !run.ended)]
  }

  async #keep(runs: readonly WatchedRun[]): Promise<void> {
    const read: { run: WatchedRun; last: boolean; output: OutputTail | null }[] = []
    let size = 0
    for (const run of runs) {
      if (size >= BATCH_BYTES) break
      run.due = false
      // Asked first: a run that ends from here on is due again.
      const last = run.ended
      const output = this.#settings.log_tail === 0 ? null : await this.#read(run, last).catch(() => null)
      size += output?.tail.length ?? 0
      read.push({ run, last, output })
    }
    const outputs = read.flatMap(({ output }) => output ?? [])
    if (outputs.length > 0) await this.#store.keepOutputs({ outputs })
    for (const { run, last, output } of read) {
      run.kept = output?.bytes ?? run.kept
      if (last) this.#forget(run)
    }
  }

  /** Null: it has not grown, or the log is gone. At the end of a run that wrote anything this is told, too. */
  async #read({ job, token, output, kept }: WatchedRun, last: boolean): Promise<OutputTail | null> {
    const end = await output.end(this.#settings.log_tail, last ? 0 : kept)
    const where = { token, job: job.id, run: job.runs, host: this.#host, path: output.path }
    return end && { ...where, ...end, ended: last }
  }

  #forget(run: WatchedRun): void {
    this.#runs.delete(run)
    run.done.resolve()
  }

  #forgetOldest(): void {
    const waiting = [...this.#runs].filter((run) => run.ended)
    for (const run of waiting.slice(0, -MOST_WAITING)) this.#forget(run)
  }
}

/** Recovery is promised within a second. */
const RECOVERY_PATIENCE_MS = 250

/**
 * Keeps the last output of a run whose worker cannot do it any more, for readers on other hosts, if its log lies here: what a job printed
 * before it took its worker down is what people ask for. Never throws, nor takes long.
 */
export async function uploadLeftTail(store: JobStore, job: Job, host: string): Promise<void> {
  if (store.info.shared) await within(RECOVERY_PATIENCE_MS, keep(store, job, host)).catch(() => {})
}

async function keep(store: JobStore, { id, runs, run_token }: Job, host: string): Promise<void> {
  const { log_limit, log_tail } = effectiveSettings(await store.config())
  const token = run_token ?? ''
  const path = logPath(store.info.folder, token)
  const left = log_tail === 0 ? null : await leftTail(path, log_limit, log_tail)
  if (left === null) return
  await store.keepOutputs({ outputs: [{ token, job: id, run: runs, host, path, ...left, ended: true }] })
}
