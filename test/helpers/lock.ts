import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

const SCRIPT = `const db = new (require('node:sqlite').DatabaseSync)(process.argv[1], { timeout: 20_000 })
  db.exec('BEGIN IMMEDIATE'); console.log('locked'); process.stdin.on('data', () => process.exit(0))`

/** The write lock of an SQLite store, held by a separate process. */
export interface Lock {
  release: () => Promise<void>
}

/** Acquires the lock of the store in `file`. */
export async function holdLock(file: string, on_start: (child: ChildProcess) => void): Promise<Lock> {
  const child = spawn(process.execPath, ['-e', SCRIPT, file], { stdio: ['pipe', 'pipe', 'inherit'] })
  on_start(child)
  const gone = once(child, 'exit')
  const locked = child.stdout && once(child.stdout, 'data')
  await Promise.race([locked, gone.then(([code]) => Promise.reject(new Error(`no lock: exit code ${code}`)))])
  return {
    release: async () => {
      child.stdin?.end('go')
      await gone
    },
  }
}
