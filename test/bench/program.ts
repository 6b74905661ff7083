import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import mongoose from 'mongoose'
import { randomWord } from '../../src/domain/ids.ts'

export const BUNDLE = fileURLToPath(new URL('../../dist/queuectl.cjs', import.meta.url))

/** What every benchmark is told. */
export interface BenchOptions {
  quick: boolean
  /** An executable to be measured, in place of the bundle. */
  binary?: string
  /** URL of a MongoDB server, in place of SQLite files. */
  server?: string
  /** How large a set of jobs is that is `jobs` large at full size. */
  size(jobs: number): number
}

/** A temporary folder with a store of its own; both are gone after `await using`. */
export interface Place extends AsyncDisposable {
  folder: string
  /** Address of the store: a file, or a database of the server. */
  db: string
  env: NodeJS.ProcessEnv
}

/** Makes an empty place. */
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

/** Of the name in the URL, and a word of its own: nothing that is there already is touched. */
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

/** Runs `node args…` to its end and returns the wall time in milliseconds; throws when it fails. */
export function timeNode(args: readonly string[], options: { place: Place; input?: string }): number {
  return timeCommand(process.execPath, args, options)
}

/** Runs a command to its end and returns the wall time in milliseconds; throws when it fails. */
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
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${status ?? signal}: ${stderr}`)
  return elapsed
}

/** What the bundle prints for `args` with `--json`. */
export function queryBundle(place: Place, ...args: string[]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [BUNDLE, ...args, '--json'], {
    env: place.env,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  })
  if (status !== 0) throw new Error(`queuectl ${args.join(' ')} ended with ${status}: ${stderr}`)
  return JSON.parse(stdout)
}

/** A running `worker start` of `program`, the bundle if none is named, ready and idle; stopped after `await using`. */
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
