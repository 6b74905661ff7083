/** Where slots without work wait: for a wake-up, for the next due job, at most for a poll's length. */
export class Idle {
  readonly #poll_ms: number
  readonly #tell: () => void
  readonly #waiting = new Set<() => void>()
  #wake_ups = 0
  #told = false

  /** `tell` is called once when there is no work, and again when there was some since: who listens is idle meanwhile too. */
  constructor(poll_ms: number, tell: () => void) {
    this.#poll_ms = poll_ms
    this.#tell = tell
  }

  /** To be read before looking for work: a wake-up that comes meanwhile is then not missed. */
  get wake_ups(): number {
    return this.#wake_ups
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** There was work. */
  end(): void {
    this.#told = false
  }

  wake(): void {
    this.#wake_ups++
    for (const wake of this.#waiting) wake()
  }

  /** Waits, unless there was a wake-up since `wake_ups` was read. `due_ms`: when the next job is due, if one waits. */
  async wait(wake_ups: number, due_ms: number | null): Promise<void> {
    if (!this.#told) this.#tell()
    this.#told = true
    if (wake_ups !== this.#wake_ups) return
    // A jittered poll: a hundred workers must not ask in the same millisecond.
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
