import { hostname } from 'node:os'
import type { OutputTail } from '../domain/history.ts'
import type { Job } from '../domain/job.ts'
import { effectiveSettings, type LiveSettings } from '../domain/settings.ts'
import { within } from '../lib/async.ts'
import type { JobStore } from '../store/port.ts'
import { leftTail, type Output } from './log-file.ts'
import { logPath } from './log-path.ts'

/** Interval of checks of the outputs of current runs. */
const LOOK_MS = 2_000
/** The end of a run waits this long until its last bytes are stored, and not at all while the store has problems. */
const PATIENCE_MS = 500
/** Largest size of one call; an output that is larger is sent alone. */
const BATCH_BYTES = 1024 ** 2
/** Finished runs whose last bytes could not be stored yet; beyond this number the oldest are dropped. */
const MOST_WAITING = 100

interface WatchedRun {
  job: Job
  token: string
  output: Output
  /** Bytes written at the last successful upload. */
  kept: number
  /** To be checked. */
  due: boolean
  ended: boolean
  /** Resolved when nothing is left to store. */
  done: PromiseWithResolvers<void>
}

/**
 * Stores the end of each run's output in a shared store, during the run and at its end. One call at a time serves all
 * runs of a worker, with the outputs that have grown: this uses none of the connections that claims and results need,
 * and the memory of one tail per run.
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
  #reported = false

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
   * Watches the output of a run from its start. Call the returned function at the end of the run and await it before
   * the settle: readers that see the end then find the last bytes. It never rejects, and takes a limited time.
   */
  watch(job: Job, token: string, output: Output): () => Promise<void> {
    if (!this.#store.info.shared) return async () => {}
    const run = { job, token, output, kept: 0, due: false, ended: false, done: Promise.withResolvers<void>() }
    this.#runs.add(run)
    this.#timer ??= setInterval(() => this.#look(), this.#look_ms)
    return () => this.#end(run)
  }

  /** Allows the last bytes a moment to arrive. */
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

  /** Sends what is due until nothing is; what could not be sent is due again at the next check. */
  async #send(): Promise<void> {
    if (this.#sending) return
    this.#sending = true
    try {
      for (let runs = this.#due(); runs.length > 0; runs = this.#due()) await this.#keep(runs)
      this.#in_trouble = false
      this.#reported = false
    } catch (error) {
      if (!this.#reported) this.#on_trouble(`cannot save the output of runs to the store: ${(error as Error).message}`)
      this.#in_trouble = true
      this.#reported = true
    } finally {
      this.#sending = false
    }
  }

  /** Ended runs first: their settle waits for it. */
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
      // Read before the output: a run that ends after this point is due again.
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

  /**
   * Null: the output has not grown, or the log is gone. At the end of a run that has written anything, its tail is
   * returned in any case.
   */
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

/** Recovery is promised within one second. */
const RECOVERY_PATIENCE_MS = 250

/**
 * Stores the end of the output of a run whose worker can no longer do it, for readers on other hosts, if the log is on
 * this host: users ask for what a job printed before it killed its worker. Never throws, and takes a limited time.
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
