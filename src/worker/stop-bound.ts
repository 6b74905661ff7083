/** While a stop is on its way no store call may hold it up for longer (R8). */
const STOP_CALL_MS = 2_000

/**
 * Lets store calls take as long as they need until a stop begins, and 2 s from then on. (A race against one long-lived
 * "stopping" promise would do the same and leak a reaction for each call.)
 */
export class StopBound {
  #stopping = false
  readonly #waiting = new Set<() => void>()

  get stopping(): boolean {
    return this.#stopping
  }

  /** The stop begins: calls in flight have 2 s left. */
  begin(): void {
    if (this.#stopping) return
    this.#stopping = true
    const giveUp = [...this.#waiting]
    setTimeout(() => giveUp.forEach((give) => void give()), STOP_CALL_MS)
  }

  /** The answer of `call`; null when a stop could not wait for it. Rejects as `call` does. */
  wait<T>(call: Promise<T>): Promise<T | null> {
    return new Promise((resolve, reject) => {
      const giveUp = () => resolve(null)
      const timer = this.#stopping ? setTimeout(giveUp, STOP_CALL_MS) : null
      const settle = () => {
        this.#waiting.delete(giveUp)
        if (timer !== null) clearTimeout(timer)
      }
      if (timer === null) this.#waiting.add(giveUp)
      call.then(resolve, reject).finally(settle)
    })
  }
}
