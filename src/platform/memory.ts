/** By this time a process has finished its one-time work. */
const SETTLED_MS = 5_000
/** V8 discards the code of a function that was not called during about this many collections. */
const ROUNDS = 8
const APART_MS = 1_000
/** More than V8 accepts without considering a collection. */
const MUCH_BYTES = 96 * 1024 ** 2

/**
 * Frees what the start of a long-lived process has left in memory, shortly after that start: about 1.5 MB. V8 does so
 * in full collections. An idle process may not reach one for hours, and no function requests one. Apparent memory use
 * outside of the heap triggers it; the buffer is garbage itself, and since it is never touched it uses no memory.
 */
export function shedStartup(): void {
  let round = 0
  const shed = () => {
    try {
      new ArrayBuffer(MUCH_BYTES)
    } catch {
      // This process's address space is limited: the memory stays in use.
    }
    round++
    if (round < ROUNDS) setTimeout(shed, APART_MS).unref()
  }
  setTimeout(shed, SETTLED_MS).unref()
}
