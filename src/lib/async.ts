const OVER = Symbol('over')

/** A sleep that can be cut short; a wake that comes before it counts too. */
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

/** What `promise` resolves to, or undefined after `ms`: what it waits for may go on. Rejects as it does. */
export function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  return raced(ms, promise, () => undefined)
}

/** What `promise` resolves to; rejects with what `late` returns after `ms`: what it waits for may go on. Rejects as it does, too. */
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
