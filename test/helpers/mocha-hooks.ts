import { endAll, IS_ONE_OF_SEVERAL } from './at-end.ts'

/** How long after the last test a process may take to end that something keeps open, as a failed test may leave it. */
const PATIENCE_MS = 15_000

/** Hooks around all tests, named in .mocharc.json. */
export const mochaHooks = {
  async afterAll() {
    await endAll()
    // Mocha ends its processes itself, and another file may follow.
    if (IS_ONE_OF_SEVERAL) return
    const end = () => {
      console.error(`the tests are over, and something holds their process open: ended after ${PATIENCE_MS / 1000} s`)
      process.exit(process.exitCode || 1)
    }
    setTimeout(end, PATIENCE_MS).unref()
  },
}
