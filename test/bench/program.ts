import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import mongoose from 'mongoose'
import { randomWord } from '../../src/domain/ids.ts'

export const BUNDLE = fileURLToPath(new URL('../../dist/queuectl.cjs', import.meta.url))

/** The options of every benchmark. */
export interface BenchOptions {
  quick: boolean
  /** An executable to measure instead of the bundle. */
  binary?: string
  /** URL of a MongoDB server to use instead of SQLite files. */
  server?: string
  /** Scales a number of jobs: returns the number to use instead of `jobs`. */
  size(jobs: number): number
}

/** A temporary folder and a new store; `await using` removes both. */
export interface Place extends AsyncDisposable {
  folder: string
  /** Address of the store: a file, or a database of the server. */
  db: string
  env: NodeJS.ProcessEnv
}

/** Creates an empty place. */
export function newPlace({ server }: Pick<BenchOptions, 'server'>): Place {
  const folder = mkdtempSync(path.join(tmpdir(), 'queuectl-bench-'))
  const db = server ? newDatabase(server) : path.join(folder, 'queue.db')
  return {
    folder,
    db,
    env: { ...process.env, QUEUECTL_HOME: folder, QUEUECTL_DB: db },
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true })
      if (server) await dropDatabase(db)
    },
  }
}

/** A new database name, from the name in the URL and a random word: existing databases are not touched. */
function newDatabase(server: string): string {
  const url = new URL(server)
  url.pathname = `${url.pathname.replaceAll('/', '') || 'queuectl'}_bench_${randomWord(8)}`
  return url.href
}

async function dropDatabase(db: string): Promise<void> {
  const connection = await mongoose.createConnection(db).asPromise()
  await connection.dropDatabase()
  await connection.close()
}

/** Runs `node args…` and returns the wall time in milliseconds; throws if it fails. */
export function timeNode(args: readonly string[], options: { place: Place; input?: string }): number {
  return timeCommand(process.execPath, args, options)
}

/** Runs a command and returns the wall time in milliseconds; throws if it fails. */
export function timeCommand(
  file: string,
  args: readonly string[],
  { place, input }: { place: Place; input?: string },
): number {
  const started = performance.now()
  const { status, signal, stderr } = spawnSync(file, args, {
    cwd: place.folder,
    env: place.env,
    input: input ?? '',
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  const elapsed = performance.now() - started
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} exited with ${status ?? signal}: ${stderr}`)
  return elapsed
}

/** The parsed output of the bundle for `args` with `--json`; throws if it fails. */
export function queryBundle(place: Place, ...args: string[]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [BUNDLE, ...args, '--json'], {
    env: place.env,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  })
  if (status !== 0) throw new Error(`queuectl ${args.join(' ')} exited with ${status}: ${stderr}`)
  return JSON.parse(stdout)
}

/**
 * Starts `worker start` of `program` (default: the bundle) and waits until it is ready and idle; `await using` stops
 * it.
 */
export async function startWorkers(
  place: Place,
  count: number,
  program: readonly string[] = [process.execPath, BUNDLE],
): Promise<{ pid: number } & AsyncDisposable> {
  const [file = '', ...before] = program
  const child = spawn(file, [...before, 'worker', 'start', '--count', String(count)], {
    cwd: place.folder,
    env: place.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const stop = () => stopped(child)
  try {
    await idle(place, child, count)
  } catch (error) {
    await stop()
    throw error
  }
  return { pid: child.pid ?? 0, [Symbol.asyncDispose]: stop }
}

/** Resolves after `ms` milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function idle(place: Place, child: ChildProcess, count: number): Promise<void> {
  const deadline = performance.now() + 20_000
  while (performance.now() < deadline && child.exitCode === null) {
    const rows: { kind: string; state: string }[] = queryBundle(place, 'worker', 'list')
    if (rows.filter((row) => row.kind === 'worker' && row.state === 'idle').length === count) return
    await pause(200)
  }
  throw new Error(`the workers were not ready: ${child.stderr?.read() ?? ''}`)
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}
