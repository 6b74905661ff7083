/** If the wall clock and the monotonic clock differ by more than this, the clock was set or the machine slept. */
const JUMP_MS = 1_000

/** Offsets drift: about 50 ppm between two ordinary machines, which is 2 ms in this time. */
const STALE_MS = 30_000

/**
 * The server's clock, computed from one reading of it and this process's monotonic clock. The wall clock of this host
 * may be wrong or be set at any moment, so it decides nothing.
 */
export class ServerClock {
  #server_ms = Date.now()
  #at = performance.now()
  #wall_ms = Date.now()
  #known = false
  /** Number of doubts: a reading in progress at a doubt may come from the previous server. */
  #doubts = 0

  /** The server's time, epoch milliseconds; wrong by half a round trip at most. */
  now(): number {
    return Math.floor(this.#server_ms + performance.now() - this.#at)
  }

  /** Calls may go to another server from now on, whose clock may differ. */
  doubt(): void {
    this.#known = false
    this.#doubts++
  }

  /** Whether the clock should be read again. */
  get doubtful(): boolean {
    const passed = performance.now() - this.#at
    return !this.#known || passed > STALE_MS || Math.abs(Date.now() - this.#wall_ms - passed) > JUMP_MS
  }

  /** Reads the server's clock with `ask`, twice: the reading with the shorter round trip is more exact. */
  async measure(ask: () => Promise<Date>): Promise<void> {
    const doubts = this.#doubts
    const readings = [await read(ask), await read(ask)].sort((a, b) => a.round_trip_ms - b.round_trip_ms)
    const { server_ms, at } = readings[0] as Reading
    this.#server_ms = server_ms
    this.#at = at
    this.#wall_ms = Date.now() - (performance.now() - at)
    this.#known = doubts === this.#doubts
  }
}

interface Reading {
  server_ms: number
  at: number
  round_trip_ms: number
}

/**
 * Reads the clock once. The server does so about halfway through the round trip, and cuts the time to whole
 * milliseconds.
 */
async function read(ask: () => Promise<Date>): Promise<Reading> {
  const sent = performance.now()
  const server_ms = (await ask()).getTime() + 0.5
  const round_trip_ms = performance.now() - sent
  return { server_ms, at: sent + round_trip_ms / 2, round_trip_ms }
}
