import { type SpawnSyncOptions, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { ROOT } from '../program.ts'

/** What is kept between builds, also by `npm ci`: Node in its packages. */
export const CACHE = `${ROOT}.cache/package`
mkdirSync(CACHE, { recursive: true })

/** Runs a program to its end and returns its stdout; throws with what it said when it is missing or fails. */
export function run(file: string, args: readonly string[], options: SpawnSyncOptions = {}): string {
  const { status, signal, stdout, stderr, error } = spawnSync(file, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    ...options,
  })
  if (status === 0) return String(stdout)
  throw new Error(`${file} ${args.join(' ')}: ${error?.message ?? `${signal ?? `exit code ${status}`}\n${stderr}`}`)
}

/** Whether such a program is there and runs. */
export function exists(file: string, args: readonly string[] = ['--version']): boolean {
  return spawnSync(file, args, { stdio: 'ignore' }).status === 0
}

/** Runs npm, the one that runs this script if it is one that does. */
export function npm(args: readonly string[], options: SpawnSyncOptions = {}): string {
  const { npm_execpath } = process.env
  return npm_execpath ? run(process.execPath, [npm_execpath, ...args], options) : run('npm', args, options)
}

/** When the sources were last changed, in seconds since 1970: the time that everything in a build carries. */
export function sourceTime(): number {
  return Number(process.env.SOURCE_DATE_EPOCH || run('git', ['log', '-1', '--format=%ct'], { cwd: ROOT }))
}
