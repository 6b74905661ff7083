/**
 * Skips a test, or from a `before` all tests of the suite. `reason` is added to their titles, so that each report shows
 * it; it names what is missing, as "no /proc".
 */
export function skip(context: Mocha.Context, reason: string): never {
  for (const test of skipped(context)) if (test) test.title += ` (skipped: ${reason})`
  context.skip()
}

function skipped({ test, currentTest }: Mocha.Context): (Mocha.Runnable | undefined)[] {
  if (!test?.title.startsWith('"before all" hook')) return [currentTest ?? test]
  const tests: Mocha.Test[] = []
  test.parent?.eachTest((one) => tests.push(one))
  return tests
}
