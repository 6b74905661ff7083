import { endAll, IS_ONE_OF_SEVERAL } from './at-end.ts'

/** After the last test a process that something holds open, as a failed one may leave it, has so long to end by itself. */
const PATIENCE_MS = 15_000

/** Hooks around all tests, by .mocharc.json. */
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
