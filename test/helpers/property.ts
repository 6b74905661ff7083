import fc from 'fast-check'
import { LENGTH } from './length.ts'

const { QUEUECTL_TEST_SEED, QUEUECTL_TEST_PATH } = process.env

/** The same in each ordinary run, so that a failure comes from a change; `npm run fuzz` searches with new seeds. */
const SEED = 20_260_101

/** No case takes this long unless it hangs, or is being shrunk. */
const PATIENCE_MS = 300_000

/** How properties are tested in this run. */
export const RUN = {
  seed: QUEUECTL_TEST_SEED === undefined ? SEED : Number(QUEUECTL_TEST_SEED),
  /** One failure of an earlier run is repeated. */
  replay: QUEUECTL_TEST_PATH !== undefined,
  /** For a test's time limit. */
  patience_ms: 2 * PATIENCE_MS,
}

/**
 * Tests `property` with `cases` cases at full length, the same for the same seed. Throws the smallest failure found,
 * with the variables that reproduce it. `offset` makes different cases from the same seed.
 */
export async function holdsFor<T>(property: fc.IRawProperty<T>, cases: number, offset = 0): Promise<void> {
  const details = await fc.check(property as fc.IAsyncProperty<T>, {
    seed: RUN.seed + offset,
    numRuns: Math.ceil(cases * LENGTH),
    interruptAfterTimeLimit: PATIENCE_MS,
    markInterruptAsFailure: true,
    ...(RUN.replay ? { path: String(QUEUECTL_TEST_PATH) } : {}),
  })
  if (!details.failed) return
  const again = `again: QUEUECTL_TEST_LENGTH=${LENGTH} QUEUECTL_TEST_SEED=${details.seed} QUEUECTL_TEST_PATH=${details.counterexamplePath} npx mocha …`
  const report = await fc.asyncDefaultReportMessage(details as fc.RunDetails<unknown>)
  throw new Error(`${report}\n${again}`, { cause: details.errorInstance })
}
