import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, linkSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import type { Target } from '../../build/package/targets.ts'
import { killQuietly } from '../helpers/processes.ts'
import { collect } from '../helpers/queuectl.ts'
import { tempFolder } from '../helpers/temp.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { executable, HOST, type Ran, run } from './executables.ts'

const WINDOWS = process.platform === 'win32'
export const PROGRAM = WINDOWS ? 'queuectl.exe' : 'queuectl'

/** A supervisor or worker as `worker list --json` shows it. */
export interface Row {
  kind: string
  state: string
  pid: number
  rss: number | null
  jobs: { pid: number | null }[]
}

interface SandboxOptions {
  folder?: string
  target?: Target | undefined
  /** What runs the program, for another processor. */
  through?: readonly string[]
}

type Word = string | { input: string }

/** A folder with the executable in it, where it is run with an environment that holds nothing but where its store is. */
export class Sandbox {
  readonly folder: string
  program: string
  uid: number | undefined
  env: Record<string, string>
  readonly #through: readonly string[]
  readonly #children: ChildProcess[] = []

  constructor({ folder = tempFolder(), target = HOST, through = [] }: SandboxOptions = {}) {
    mkdirSync(folder, { recursive: true })
    this.folder = folder
    this.program = path.join(folder, PROGRAM)
    this.#through = through
    if (target) place(executable(target), this.program)
    this.env = {
      QUEUECTL_DB: path.join(folder, 'queue.db'),
      ...(WINDOWS && { SystemRoot: process.env.SystemRoot ?? '' }),
    }
  }

  /** Runs the program to its end. */
  run(...args: Word[]): Ran {
    const [file, words] = this.#line(args.filter((arg) => typeof arg === 'string'))
    const { folder: cwd, env, uid } = this
    const [{ input } = {}] = args.filter((arg) => typeof arg === 'object')
    return run(file, words, { cwd, env, ...(uid !== undefined && { uid }), ...(input !== undefined && { input }) })
  }

  /** What it printed; it must have ended well. */
  ok(...args: Word[]): string {
    const { code, stdout, stderr } = this.run(...args)
    expect({ code, ...(code !== 0 && { stderr }) }, args.join(' ')).to.deep.equal({ code: 0 })
    return stdout
  }

  /** The JSON document that it printed. */
  json(...args: string[]) {
    return JSON.parse(this.ok('--json', ...args))
  }

  /** Runs what is there, to the end of the last job; what is said of it is not for stderr. */
  drain(...args: string[]): void {
    const ran = this.run('worker', 'start', '--drain', '--timeout', '50s', ...args)
    expect(ran).to.include({ code: 0, stderr: '' })
  }

  /** Starts the program and leaves it running. */
  start(...args: string[]): ChildProcess {
    const [file, words] = this.#line(args)
    const child = spawn(file, words, { cwd: this.folder, env: this.env, stdio: 'pipe' })
    this.#children.push(child)
    return child
  }

  /** The first worker that fits, once there is one. */
  worker(fits: (row: Row) => boolean, within = 30_000): Promise<Row> {
    const find = () => {
      const { code, stdout } = this.run('worker', 'list', '--json')
      // There may be no queue yet: they create it.
      return code === 0 && JSON.parse(stdout).find((row: Row) => row.kind === 'worker' && fits(row))
    }
    return waitFor(find, { within, what: 'a worker is as it should be' })
  }

  /** Signals what was started, and says how it ended. */
  async interrupt(child: ChildProcess, signal: NodeJS.Signals): Promise<number> {
    const ended = collect(child)
    child.kill(signal)
    return (await ended).code
  }

  /** Leaves nothing behind, whatever the test came to. */
  end(): void {
    for (const { pid = 0, exitCode, signalCode } of this.#children) {
      if (exitCode !== null || signalCode !== null) continue
      this.run('worker', 'stop', '--force')
      killQuietly(pid)
    }
  }

  #line(args: readonly string[]): [string, string[]] {
    const [file = '', ...words] = [...this.#through, this.program, ...args]
    return [file, words]
  }
}

/** By a link: a hundred megabytes for each test take their time. */
function place(file: string, as: string): void {
  try {
    linkSync(file, as)
  } catch {
    copyFileSync(file, as)
  }
}
