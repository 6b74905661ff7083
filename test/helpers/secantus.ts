import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'

// A server that speaks the MongoDB protocol, from Python packages. Installed once, in a folder that survives a test
// run.

/** The packages to install: each by version and digest. */
export const REQUIREMENTS = fileURLToPath(new URL('secantus-requirements.txt', import.meta.url))
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url))
/** An install takes a minute on a slow line; other processes wait for it. */
const PATIENCE_MS = 170_000
const WINDOWS = process.platform === 'win32'

/**
 * Installs the server from `requirements`, completely or not at all, unless it is installed, and returns the path of
 * its program. Tests run in several processes that need it at the same time: one installs, the others wait. The folder
 * below `cache` is named after the content of `requirements`: another content gets another install, and processes that
 * run the old one keep it. Throws if Python with venv is missing, or pip fails.
 */
export function installSecantus({ requirements = REQUIREMENTS, cache = CACHE } = {}): string {
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
  const home = path.join(cache, `queuectl-secantus-${digest}`)
  const whole = path.join(home, 'whole')
  mkdirSync(cache, { recursive: true })
  // SQLite's lock ends with the process that holds it, however that ends.
  const lock = new DatabaseSync(`${home}.lock`, { timeout: PATIENCE_MS })
  lock.exec('BEGIN EXCLUSIVE')
  try {
    if (!existsSync(whole)) {
      rmSync(home, { recursive: true, force: true })
      run(WINDOWS ? 'python' : 'python3', ['-m', 'venv', home])
      run(program(home, 'pip'), ['install', '--quiet', '--retries', '10', '--require-hashes', '-r', requirements])
      writeFileSync(whole, '')
    }
  } finally {
    lock.close()
  }
  return program(home, 'secantusd-py')
}

function program(home: string, name: string): string {
  return WINDOWS ? path.join(home, 'Scripts', `${name}.exe`) : path.join(home, 'bin', name)
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`)
}
