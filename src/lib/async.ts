const OVER = Symbol('over')

/** A sleep that can be cut short; a wake-up that comes before the sleep counts too. */
export class Sleeper {
  #woken = false
  #wake: (() => void) | null = null

  wake(): void {
    this.#woken = true
    this.#wake?.()
  }

  async sleep(ms: number): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.#wake = null
    this.#woken = false
  }
}

/** The result of `promise`, or undefined after `ms`; the work behind it may go on. Rejects as `promise` does. */
export function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  return raced(ms, promise, () => undefined)
}

/**
 * The result of `promise`; after `ms` rejects with the result of `late`; the work behind it may go on. Also rejects as
 * `promise` does.
 */
export function before<T>(ms: number, promise: Promise<T>, late: () => Error): Promise<T> {
  return raced(ms, promise, () => {
    throw late()
  })
}

async function raced<T, Late>(ms: number, promise: Promise<T>, late: () => Late): Promise<T | Late> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<typeof OVER>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, ms), OVER)
  })
  try {
    const first = await Promise.race([promise, limit])
    return first === OVER ? late() : first
  } finally {
    clearTimeout(timer)
  }
}
