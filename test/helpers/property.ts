import fc from 'fast-check'
import { LENGTH } from './length.ts'

const { QUEUECTL_TEST_SEED, QUEUECTL_TEST_PATH } = process.env

/** The same in each ordinary run, so that what fails is a change's own fault; `npm run fuzz` looks for what nobody has seen yet. */
const SEED = 20_260_101

/** Nothing here takes so long unless it hangs, or is being shrunk. */
const PATIENCE_MS = 300_000

/** How properties are tested in this run. */
export const RUN = {
  seed: QUEUECTL_TEST_SEED === undefined ? SEED : Number(QUEUECTL_TEST_SEED),
  /** One failure of an earlier run is looked at again. */
  replay: QUEUECTL_TEST_PATH !== undefined,
  /** For a test's own limit. */
  patience_ms: 2 * PATIENCE_MS,
}

/**
 * Tries `property` with `cases` cases at full length, the same for a seed. Throws the smallest failure that is found, with the variables that lead
 * there again. `offset` makes other cases of the same seed.
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
