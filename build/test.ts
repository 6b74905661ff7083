import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasTestsOf, isLane, laneRule } from './test-lanes.ts'

// `npm test`, `npm run test:fast`, `npm run test:slow`: run the tests of a lane, several files at a time. Arguments
// that name test files or folders restrict the run to them; all others are passed to mocha, whose --grep replaces the
// lane's tags. `npm run test:package` tests the executables.

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const WINDOWS = process.platform === 'win32'

const [lane = 'usual', ...words] = process.argv.slice(2)
if (!isLane(lane)) {
  console.error(`unknown lane "${lane}"; lanes: fast, usual, slow`)
  process.exit(2)
}
const { grep, length, more_jobs } = laneRule(lane)
const places = words.filter((word) => word.startsWith('test/')).map((word) => path.posix.normalize(word))
const files = testFiles().filter(
  ({ name, text }) =>
    !name.startsWith('test/package/') &&
    (places.length === 0 || places.some((place) => name.startsWith(place))) &&
    hasTestsOf(lane, text, WINDOWS),
)
if (files.length === 0) {
  console.error(`no tests in the lane ${lane}${places.length > 0 ? ` in ${places.join(', ')}` : ''}`)
  process.exit(1)
}

const require = createRequire(import.meta.url)
const mocha = path.join(path.dirname(require.resolve('mocha/package.json')), 'bin/mocha.js')
const report = fileURLToPath(new URL('test-report.ts', import.meta.url))
const child = spawn(
  process.execPath,
  [
    mocha,
    // On Windows the files have only ever run one by one.
    ...(WINDOWS ? [] : ['--parallel', '--jobs', String(availableParallelism() + more_jobs)]),
    ...['--reporter', report, '--grep', `/${grep}/`],
    ...words.filter((word) => !word.startsWith('test/')),
    ...files.map(({ name }) => name),
  ],
  {
    stdio: 'inherit',
    cwd: ROOT,
    // Derived from the file's content, so that the next lane finds it as well.
    env: {
      QUEUECTL_TEST_LENGTH: length,
      NODE_COMPILE_CACHE: path.join(ROOT, 'node_modules/.cache/queuectl-compile'),
      ...process.env,
    },
  },
)
process.once('SIGTERM', () => child.kill())
const [code] = await once(child, 'close')
process.exitCode = code ?? 1

/** The longest files first: the slowest ones should not run last. */
function testFiles(): { name: string; text: string }[] {
  return readdirSync(path.join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `test/${name.replaceAll(path.sep, '/')}`)
    .map((name) => ({ name, text: readFileSync(path.join(ROOT, name), 'utf8') }))
    .sort((a, b) => b.text.length - a.text.length)
}
