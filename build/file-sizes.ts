import { sourceFiles } from '../test/helpers/sources.ts'

// Part of `npm run check`: warns about long sources. The rules (test/rules.test.ts) fail for much longer ones.

const LONG = 250

for (const { path, text } of sourceFiles('src')) {
  const lines = text.split('\n').length - 1
  if (lines > LONG) console.warn(`warning: ${path} has ${lines} lines, more than ${LONG}: check that it does one thing`)
}
