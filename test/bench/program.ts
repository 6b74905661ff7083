import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const BUNDLE = fileURLToPath(new URL('../../dist/queuectl.cjs', import.meta.url))

/** A temporary folder with a store of its own; gone after `using`. */
export interface Place extends Disposable {
  folder: string
  /** Path of the store's file. */
  db: string
  env: NodeJS.ProcessEnv
}

/** Makes an empty place. */
export function newPlace(): Place {
  const folder = mkdtempSync(path.join(tmpdir(), 'queuectl-bench-'))
  const db = path.join(folder, 'queue.db')
  return {
    folder,
    db,
    env: { ...process.env, QUEUECTL_HOME: folder, QUEUECTL_DB: db },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
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

/** A running `worker start`, ready and idle; stopped after `await using`. */
export async function startWorkers(place: Place, count: number): Promise<{ pid: number } & AsyncDisposable> {
  const args = [BUNDLE, 'worker', 'start', '--count', String(count)]
  const child = spawn(process.execPath, args, {
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
