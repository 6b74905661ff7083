import { within } from '../lib/async.ts'
import { monotonic } from '../lib/clock.ts'

/** A tick does not wait longer for one task: a locked store must not keep it from signals. */
const PATIENCE_MS = 250

/** Something a supervisor does again and again: at most one at a time, and nothing it throws stops the next. */
export class PeriodicTask {
  readonly #period_ms: number
  readonly #work: () => Promise<void>
  readonly #on_trouble: (error: Error) => void
  #started_at = Number.NEGATIVE_INFINITY
  #due_at = Number.NEGATIVE_INFINITY
  #running: Promise<void> | null = null

  constructor(period_ms: number, work: () => Promise<void>, on_trouble: (error: Error) => void) {
    this.#period_ms = period_ms
    this.#work = work
    this.#on_trouble = on_trouble
  }

  get busy(): boolean {
    return this.#running !== null
  }

  /** Milliseconds until it is due. */
  get due_in(): number {
    return this.#running === null ? Math.max(0, this.#due_at - monotonic()) : this.#period_ms
  }

  /** Makes it due now, yet not sooner than `apart_ms` after it was last started. Whether that is earlier than before. */
  hasten(apart_ms = 0): boolean {
    const due_at = Math.max(monotonic(), this.#started_at + apart_ms)
    if (due_at >= this.#due_at) return false
    this.#due_at = due_at
    return true
  }

  /** Does it if it is due, and waits a little for its end. */
  async run(): Promise<void> {
    if (this.#running === null && this.#due_at <= monotonic()) {
      this.#started_at = monotonic()
      this.#due_at = this.#started_at + this.#period_ms
      this.#running = this.#work()
        .catch(this.#on_trouble)
        .finally(() => {
          this.#running = null
        })
    }
    if (this.#running !== null) await within(PATIENCE_MS, this.#running)
  }
}
