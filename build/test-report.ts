import { createRequire } from 'node:module'
import type Mocha from 'mocha'

const mocha: typeof Mocha = createRequire(import.meta.url)('mocha')
const { EVENT_RUN_END, EVENT_TEST_FAIL } = mocha.Runner.constants

/** Mocha's own report, followed by the failed titles once more, and one summary line. */
export default class Report extends mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options)
    const failed: string[] = []
    runner.on(EVENT_TEST_FAIL, (test) => failed.push(test.fullTitle()))
    runner.once(EVENT_RUN_END, () => {
      const { passes = 0, pending = 0 } = this.stats
      for (const title of failed) console.log(`failed: ${title}`)
      console.log(`${passes} passed, ${failed.length} failed, ${pending} skipped`)
    })
  }

  /** A lane without any test would hide that its tags are missing. */
  override done(failures: number, end: (failures: number) => void): void {
    const { passes = 0 } = this.stats
    if (failures === 0 && passes === 0) console.error('no test was run')
    end(passes === 0 ? Math.max(1, failures) : failures)
  }
}
