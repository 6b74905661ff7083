const ends: (() => Promise<void>)[] = []

/** Mocha runs one file after another in this process, and several such processes at the same time. */
export const IS_ONE_OF_SEVERAL = process.env.MOCHA_WORKER_ID !== undefined

/** Registers `end` to be called after all tests; in one of several processes after those of each file. */
export function atEnd(end: () => Promise<void>): void {
  ends.push(end)
}

/** Calls all functions registered with `atEnd`. */
export async function endAll(): Promise<void> {
  for (const end of ends) await end()
}
