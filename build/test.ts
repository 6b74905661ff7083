import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'

// `npm test`: mocha on all tests but those of executables, which `npm run test:package` builds first. More arguments are mocha's.

/**
 * Tests whose jobs are commands of sh, that need a MongoDB server, or that are about signals, modes of files or /proc; test/windows has
 * what stands in for them.
 */
const NOT_ON_WINDOWS = [
  'test/{chaos,faults,model,security,supervisor,worker}/**',
  'test/cli/{address,audit,backup,cancel,dlq,hosts,logs,other-host,purge,requeue,restore,safety,secrets,show,status,wait}.test.ts',
  'test/cli/{doctor*,worker-list}.test.ts',
  'test/contract/mongo.test.ts',
  'test/platform/{platform,tree}.test.ts',
  'test/store/mongo/**',
]

const ignored = ['test/package/**', ...(process.platform === 'win32' ? NOT_ON_WINDOWS : [])]
const mocha = path.join(path.dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin/mocha.js')
const args = [...ignored.flatMap((pattern) => ['--ignore', pattern]), ...process.argv.slice(2)]
const { status } = spawnSync(process.execPath, [mocha, 'test/**/*.test.ts', ...args], { stdio: 'inherit' })
process.exitCode = status ?? 1
