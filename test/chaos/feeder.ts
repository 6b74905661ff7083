import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { collect, type Ended, queuectl, startQueuectl } from '../helpers/queuectl.ts'
import { kindOf } from './kinds.ts'
import type { PlannedJob } from './plan.ts'
import type { Random } from './random.ts'
import type { RunFolder } from './run-folder.ts'

/**
 * Shares of `enqueue` calls that are killed: at a random moment, and at a kill point (without kill points: at a random
 * moment too).
 */
const KILLED = { somewhere: 0.2, at_point: 0.2 }
const KILL_WITHIN_MS = 400
const AGAIN_MS = 300
/** Exit codes of a store that is away or busy: the same call may succeed later. */
const PASSING = new Set([69, 75])
const BY_SIGKILL = 137

/**
 * Enqueues, promotes and cancels on the command line as people do: again, if a command was killed or the store was
 * away.
 */
export class Feeder {
  readonly #run_folder: RunFolder
  readonly #random: Random
  readonly #has_points: boolean
  /** Jobs that the command line accepted. */
  readonly accepted = new Set<string>()
  readonly cancelled = new Set<string>()
  /** Commands that were killed before their answer. */
  killed = 0
  /** Unexpected answers. */
  readonly problems: string[] = []

  constructor(run_folder: RunFolder, random: Random, has_points: boolean) {
    this.#has_points = has_points
    this.#run_folder = run_folder
    this.#random = random
  }

  /**
   * Enqueues `jobs`, with the folders that they require, and cancels those that are to be cancelled while they wait.
   */
  async enqueue(jobs: readonly PlannedJob[]): Promise<void> {
    const homeless = jobs.filter(({ kind }) => kind === 'homeless')
    const homes = homeless.map(({ id }) => path.join(this.#run_folder.folder, `home-${id}`))
    for (const home of homes) mkdirSync(home, { recursive: true })
    const lines = jobs.map((job) => JSON.stringify(this.#fields(job)))
    let dice = this.#random.next()
    for (;;) {
      const killed = dice < KILLED.somewhere + KILLED.at_point
      const killable = killed && (dice < KILLED.somewhere || !this.#has_points)
      if (killed && !killable) writeFileSync(path.join(this.#run_folder.points, 'inserted'), '')
      dice = 1
      const ended = await this.#run(['enqueue', '-'], { input: `${lines.join('\n')}\n`, killable })
      if (ended.code === 0) break
      if (ended.code === BY_SIGKILL) this.killed++
      else await this.#wait(ended, 'enqueue')
    }
    for (const { id } of jobs) this.accepted.add(id)
    for (const home of homes) rmSync(home, { recursive: true })
    await this.#change('promote', homeless.map(idOf))
    const waiting = jobs.filter(({ kind }) => kindOf(kind).cancel === 'waiting')
    await this.cancel(waiting.map(idOf))
  }

  async cancel(ids: readonly string[]): Promise<void> {
    await this.#change('cancel', ids, '--no-wait')
    for (const id of ids) this.cancelled.add(id)
  }

  /** A job without a home waits until its folder is gone. */
  #fields({ id, kind, fields }: PlannedJob): Record<string, unknown> {
    if (kind !== 'homeless') return fields
    return { ...fields, cwd: path.join(this.#run_folder.folder, `home-${id}`), delay: '1h' }
  }

  async #change(command: 'cancel' | 'promote', ids: readonly string[], ...options: string[]): Promise<void> {
    for (let again = false; ids.length > 0; again = true) {
      const ended = await this.#run([command, '--json', ...options, ...ids])
      // After a lost answer, the repeated call finds some jobs changed already.
      if (ended.code === 0 || (again && ended.code === 1)) return
      await this.#wait(ended, command)
    }
  }

  async #run(args: readonly string[], { input = '', killable = false } = {}): Promise<Ended> {
    const { env } = this.#run_folder
    if (!killable) return queuectl(args, { env, input })
    const child = startQueuectl(args, { env })
    const ended = collect(child)
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
    // Mostly early: an executable is done in 50 ms, the sources take longer.
    const timer = setTimeout(() => child.kill('SIGKILL'), KILL_WITHIN_MS * this.#random.next() ** 2)
    try {
      return await ended
    } finally {
      clearTimeout(timer)
    }
  }

  async #wait({ code, stderr }: Ended, command: string): Promise<void> {
    if (!PASSING.has(code)) this.problems.push(`${command} exited with ${code}: ${stderr.trim()}`)
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
  }
}

const idOf = ({ id }: PlannedJob) => id
