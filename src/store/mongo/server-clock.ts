/** Wall and monotonic clock apart by more than this: somebody set the clock, or the machine slept. */
const JUMP_MS = 1_000

/** Offsets drift: some 50 ppm between two ordinary machines, 2 ms in this time. */
const STALE_MS = 30_000

/**
 * The server's clock, told from one look at it and this process's monotonic clock: the wall clock of this host, which may be wrong
 * or be set at any moment, decides nothing.
 */
export class ServerClock {
  #server_ms = Date.now()
  #at = performance.now()
  #wall_ms = Date.now()
  #known = false
  /** How often it was doubted: a look that was under way then may be one at the server before. */
  #doubts = 0

  /** The server's time, epoch milliseconds; off by half a round trip at most. */
  now(): number {
    return Math.floor(this.#server_ms + performance.now() - this.#at)
  }

  /** From now on another server may be asked, with a clock of its own. */
  doubt(): void {
    this.#known = false
    this.#doubts++
  }

  /** Whether it is time to look again. */
  get doubtful(): boolean {
    const passed = performance.now() - this.#at
    return !this.#known || passed > STALE_MS || Math.abs(Date.now() - this.#wall_ms - passed) > JUMP_MS
  }

  /** Looks at the server's clock by `ask`, twice: the shorter round trip tells it better. */
  async measure(ask: () => Promise<Date>): Promise<void> {
    const doubts = this.#doubts
    const looks = [await look(ask), await look(ask)].sort((a, b) => a.round_trip_ms - b.round_trip_ms)
    const { server_ms, at } = looks[0] as Look
    this.#server_ms = server_ms
    this.#at = at
    this.#wall_ms = Date.now() - (performance.now() - at)
    this.#known = doubts === this.#doubts
  }
}

interface Look {
  server_ms: number
  at: number
  round_trip_ms: number
}

/** The server read its clock about halfway, and cut it to whole milliseconds. */
async function look(ask: () => Promise<Date>): Promise<Look> {
  const sent = performance.now()
  const server_ms = (await ask()).getTime() + 0.5
  const round_trip_ms = performance.now() - sent
  return { server_ms, at: sent + round_trip_ms / 2, round_trip_ms }
}
