import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import path from 'node:path'

// `npm test`: mocha on all tests but those of executables, which `npm run test:package` builds first. More arguments are mocha's.

/**
 * Tests whose jobs are commands of sh, that need a MongoDB server, or that are about signals, modes of files or /proc; test/windows has
 * what stands in for them.
 */
const NOT_ON_WINDOWS = [
  'test/{chaos,doctor,faults,logs,model,operator,runs,security,supervisor,worker}/**',
  'test/cli/{audit,backup,cancel,dlq,logs,purge,requeue,resolve-store,restore,safety,secrets,show,status,wait,worker-list}.test.ts',
  'test/contract/mongo.test.ts',
  'test/platform/{platform,tree}.test.ts',
  'test/views/hosts.test.ts',
  'test/store/mongo/**',
]

/** Tests that spend most of their time waiting: until a lease has ended, a grace is over, somebody is given up. None is for Windows. */
const WAITING = 'test/{chaos,faults,operator,supervisor}'

const ignored = ['test/package/**', ...(process.platform === 'win32' ? NOT_ON_WINDOWS : [])]
const mocha = path.join(path.dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin/mocha.js')

// They leave the machine to the others, so that the two go on side by side. They are heard when the others are through.
const held: Buffer[] = []
let hear = (chunk: Buffer): unknown => held.push(chunk)
const waiting = process.platform === 'win32' ? null : run(`${WAITING}/**/*.test.ts`, ignored, 'pipe')
waiting?.stdout?.on('data', (chunk) => hear(chunk))
const theirs = waiting && ended(waiting)
let failed = await ended(run('test/**/*.test.ts', [...ignored, `${WAITING}/**`], 'inherit'))
if (theirs) {
  console.log('  and those that mostly wait:')
  hear = (chunk) => process.stdout.write(chunk)
  held.forEach(hear)
  failed += await theirs
  if (failed > 0) console.log(`${failed} failed, of both reports`)
}
process.exitCode = Math.min(failed, 1)

function run(pattern: string, ignored: readonly string[], stdout: 'inherit' | 'pipe'): ChildProcess {
  const args = [pattern, ...ignored.flatMap((pattern) => ['--ignore', pattern]), ...process.argv.slice(2)]
  if (process.stdout.isTTY) args.push('--color')
  return spawn(process.execPath, [mocha, ...args], { stdio: ['inherit', stdout, 'inherit'] })
}

/** With how many failures, by mocha's exit code; one when it was ended by a signal. */
async function ended(child: ChildProcess): Promise<number> {
  const [code] = await once(child, 'close')
  return code ?? 1
}
