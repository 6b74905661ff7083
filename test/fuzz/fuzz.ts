import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { monotonic } from '../../src/lib/clock.ts'

// `npm run fuzz`: runs the model test and the fuzz tests with one new seed after the other, until the time is over or
// one fails.

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    /** The first seed; the others follow. */
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    /** As mocha's --grep: only tests whose title contains this. */
    only: { type: 'string' },
    /** How many times the cases of the slow lane. */
    factor: { type: 'string', default: '5' },
  },
})
const { minutes, seed, factor } = values
for (const [name, text] of Object.entries({ minutes, seed, factor })) {
  if (!/^\d+$/.test(text)) {
    console.error(`fuzz: --${name} ${text} is not a whole number`)
    process.exit(2)
  }
}

const until = monotonic() + Number(minutes) * 60_000
const first = Number(seed)
let round = 0
do {
  const own = first + round
  console.log(`fuzz: seed ${own}`)
  const code = await tests({ QUEUECTL_TEST_SEED: String(own), QUEUECTL_TEST_LENGTH: factor })
  if (code !== 0) {
    console.log(`fuzz: seed ${own} found something`)
    process.exit(1)
  }
  round++
} while (monotonic() < until)
console.log(`fuzz: ${round} seed${round === 1 ? '' : 's'} from ${first} on, nothing found`)

/** The exit code of mocha. */
function tests(env: Record<string, string>): Promise<number | null> {
  const mocha = fileURLToPath(new URL('../../node_modules/mocha/bin/mocha.js', import.meta.url))
  const only = values.only === undefined ? [] : ['--grep', values.only]
  const args = [mocha, 'test/{fuzz,model}/*.test.ts', ...only]
  const child = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...env } })
  return new Promise((resolve) => child.on('close', resolve))
}
