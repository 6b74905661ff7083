import { type SpawnSyncOptions, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { ROOT } from '../program.ts'

/** Folder that is kept between builds, also by `npm ci`: Node in its packages. */
export const CACHE = `${ROOT}.cache/package`
mkdirSync(CACHE, { recursive: true })

/** Runs a program to its end and returns its stdout; throws with its stderr when it is missing or fails. */
export function run(file: string, args: readonly string[], options: SpawnSyncOptions = {}): string {
  const { status, signal, stdout, stderr, error } = spawnSync(file, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    ...options,
  })
  if (status === 0) return String(stdout)
  throw new Error(`${file} ${args.join(' ')}: ${error?.message ?? `${signal ?? `exit code ${status}`}\n${stderr}`}`)
}

/** Whether such a program exists and runs. */
export function exists(file: string, args: readonly string[] = ['--version']): boolean {
  return spawnSync(file, args, { stdio: 'ignore' }).status === 0
}

/** Runs npm: the one that runs this script, if any. */
export function npm(args: readonly string[], options: SpawnSyncOptions = {}): string {
  const { npm_execpath } = process.env
  return npm_execpath ? run(process.execPath, [npm_execpath, ...args], options) : run('npm', args, options)
}

/** Time of the last change to the sources, in seconds since 1970: the time stamp of everything in a build. */
export function sourceTime(): number {
  return Number(process.env.SOURCE_DATE_EPOCH || run('git', ['log', '-1', '--format=%ct'], { cwd: ROOT }))
}
