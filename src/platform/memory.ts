/** By then a process has done what it does but once. */
const SETTLED_MS = 5_000
/** V8 throws away the code of functions that were not called for about so many collections. */
const ROUNDS = 8
const APART_MS = 1_000
/** More than V8 lets pass without a look. */
const MUCH_BYTES = 96 * 1024 ** 2

/**
 * Lets go of what the start of a long-lived process has left, soon after it: about a megabyte and a half. V8 does so by full collections,
 * to which a process that idles may not come for hours, and for which there is no call. Memory beside its heap that seems to be much makes
 * it collect; the buffer is part of the garbage, and as it is never touched it takes none.
 */
export function shedStartup(): void {
  let round = 0
  const shed = () => {
    try {
      new ArrayBuffer(MUCH_BYTES)
    } catch {
      // A limit on this process's addresses: it goes without.
    }
    round++
    if (round < ROUNDS) setTimeout(shed, APART_MS).unref()
  }
  setTimeout(shed, SETTLED_MS).unref()
}
