const ends: (() => Promise<void>)[] = []

/** Mocha runs one file after another in this process, with several such processes side by side. */
export const IS_ONE_OF_SEVERAL = process.env.MOCHA_WORKER_ID !== undefined

/** Has `end` called behind all tests; behind those of each file in a process that is one of several. */
export function atEnd(end: () => Promise<void>): void {
  ends.push(end)
}

/** Calls what was given to `atEnd`. */
export async function endAll(): Promise<void> {
  for (const end of ends) await end()
}
