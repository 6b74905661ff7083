import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

// Checks that a built program works: `node build/smoke.ts dist/queuectl.cjs`, or the path of an executable. Quick; the
// tests do the rest.

const [program = 'dist/queuectl.cjs'] = process.argv.slice(2)
const [exec, ...before] = /\.[cm]?js$/.test(program)
  ? [process.execPath, path.resolve(program)]
  : [path.resolve(program)]
const home = mkdtempSync(path.join(tmpdir(), 'queuectl-smoke-'))
const env = { ...process.env, QUEUECTL_HOME: home, QUEUECTL_DB: path.join(home, 'queue.db') }

try {
  const { version } = JSON.parse(queuectl('version', '--json'))
  queuectl('enqueue', '--id', 'smoke', '--', 'node -v')
  queuectl('worker', 'start', '--count', '2', '--drain')
  const { state } = JSON.parse(queuectl('show', 'smoke', '--json'))
  expect('state of a job that prints the version of node', state, 'completed')
  // Anything but a version means that the job started our own program instead of node.
  expect('its output', /^v\d+\.\d+\.\d+$/.test(queuectl('logs', 'smoke').trim()), true)
  expect('exit code of an unknown command', status(exec, [...before, 'no-such-command']), 2)
  refusesOldNode()
  console.log(`smoke: ${program} ${version} works`)
} finally {
  rmSync(home, { recursive: true, force: true })
}

/** Runs the program; throws unless it exits 0. */
function queuectl(...args: string[]): string {
  return execFileSync(exec, [...before, ...args], { env, encoding: 'utf8', timeout: 30_000 })
}

/** If the machine's own Node is too old, the file must report that instead of failing to load. */
function refusesOldNode(): void {
  const own = (process.env.PATH ?? '').split(path.delimiter).filter((folder) => !/[\\/]node_modules[\\/]/.test(folder))
  const old = spawnSync('node', ['-p', 'process.execPath'], {
    env: { PATH: own.join(path.delimiter) },
    encoding: 'utf8',
  })
  const node = old.stdout?.trim()
  if (before.length === 0 || !node || Number(/\d+/.exec(execFileSync(node, ['-v'], { encoding: 'utf8' }))) >= 26) return
  expect(`exit code on ${node}`, status(node, [...before, 'status']), 78)
}

function status(command: string, args: string[]): number | null {
  return spawnSync(command, args, { env, stdio: 'ignore', timeout: 30_000 }).status
}

function expect(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what}: expected ${expected}, got ${actual}`)
}
