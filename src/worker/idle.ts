/** Where slots without work wait: for a wake-up or the next due job, at most for one poll interval. */
export class Idle {
  readonly #poll_ms: number
  readonly #report: () => void
  readonly #waiting = new Set<() => void>()
  #wake_ups = 0
  #reported = false

  /** `report` is called once when no work was found, and again after there was work in between. */
  constructor(poll_ms: number, report: () => void) {
    this.#poll_ms = poll_ms
    this.#report = report
  }

  /** Read it before looking for work: then a wake-up that comes meanwhile is not missed. */
  get wake_ups(): number {
    return this.#wake_ups
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** There was work. */
  end(): void {
    this.#reported = false
  }

  wake(): void {
    this.#wake_ups++
    for (const wake of this.#waiting) wake()
  }

  /**
   * Waits, unless a wake-up came since `wake_ups` was read. `due_ms`: milliseconds until the next job is due; null:
   * none waits.
   */
  async wait(wake_ups: number, due_ms: number | null): Promise<void> {
    if (!this.#reported) this.#report()
    this.#reported = true
    if (wake_ups !== this.#wake_ups) return
    // Jitter: a hundred workers must not poll in the same millisecond.
    const poll = this.#poll_ms * (0.9 + Math.random() * 0.2)
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, Math.min(poll, due_ms ?? poll))
      this.#waiting.add(done)
    })
  }
}
