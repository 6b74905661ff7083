import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { executableName, isHost, TARGETS, type Target } from '../../build/package/targets.ts'
import { ROOT } from '../helpers/sources.ts'
import { tempFolder } from '../helpers/temp.ts'

/** The system that the tests run on, if the program is made for it. */
export const HOST = TARGETS.find(isHost)

let folder: string | null = null

/**
 * The executable of a target: one that lies in the folder which QUEUECTL_TEST_PACKAGES names, else all are built once for this test
 * run, which takes minutes.
 */
export function executable(target: Target): string {
  folder ??= process.env.QUEUECTL_TEST_PACKAGES ? path.resolve(process.env.QUEUECTL_TEST_PACKAGES) : build()
  return path.join(folder, executableName(target))
}

/** Whether there is one for the target; false only in a folder of somebody else's making. */
export function isBuilt(target: Target): boolean {
  return existsSync(executable(target))
}

function build(): string {
  const output = tempFolder()
  const args = [path.join(ROOT, 'build/package.ts'), '--no-archive', '--output', output]
  execFileSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] })
  return output
}

/** What a program said and how it ended. */
export interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

/** How a program is run: `env` is all that it gets. */
export interface RunOptions {
  cwd: string
  env?: Record<string, string>
  input?: string
  uid?: number
}

/** Runs a program to its end. */
export function run(file: string, args: readonly string[], { env = {}, input = '', ...options }: RunOptions): Ran {
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    ...options,
    ...(options.uid === undefined ? {} : { gid: options.uid }),
    env,
    input,
    encoding: 'utf8',
    timeout: 60_000,
  })
  if (error) throw error
  return { code: status, stdout, stderr }
}
