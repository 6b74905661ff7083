import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { killQuietly } from '../helpers/processes.ts'
import { startQueuectl } from '../helpers/queuectl.ts'
import type { Random } from './random.ts'
import type { RunFolder } from './run-folder.ts'

const LONGEST_PAUSE_MS = 500
const GRACE = '3s'

/** Keeps supervisors running as the init of a system would: those that die are started again soon. */
export class Init {
  readonly #run_folder: RunFolder
  readonly #random: Random
  readonly #may_end
  readonly #children = new Set<ChildProcess>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #ending = false
  /** Supervisors started so far. */
  started = 0
  /** Supervisors that exited without a kill or a stop request: must be empty. */
  readonly deserted: string[] = []

  /** `may_end`: whether the supervisor with that pid may exit by itself with that exit code. */
  constructor(run_folder: RunFolder, random: Random, may_end: (pid: number, code: number | null) => boolean) {
    this.#may_end = may_end
    this.#run_folder = run_folder
    this.#random = random
    process.once('exit', () => this.#killAll())
  }

  /** Starts a supervisor with `workers` workers that run `concurrency` jobs each, and restarts it when it dies. */
  keep(workers: number, concurrency: number): void {
    const log = openSync(this.#run_folder.log, 'a')
    const size = ['--count', String(workers), '--concurrency', String(concurrency)]
    const args = ['worker', 'start', ...size, '--grace', GRACE, '--json']
    const child = startQueuectl(args, { env: this.#run_folder.env, at_most_ms: 0, stdio: ['ignore', log, log] })
    closeSync(log)
    this.started++
    this.#children.add(child)
    child.once('exit', (code, signal) => {
      this.#children.delete(child)
      if (this.#ending) return
      if (signal !== 'SIGKILL' && !this.#may_end(child.pid ?? 0, code))
        this.deserted.push(`supervisor ${child.pid} exited by itself: ${signal ?? code}`)
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        this.keep(workers, concurrency)
      }, this.#random.below(LONGEST_PAUSE_MS))
      this.#timers.add(timer)
    })
  }

  /** Restarts no supervisor from now on. */
  retire(): void {
    this.#ending = true
    for (const timer of this.#timers) clearTimeout(timer)
  }

  /** Pids of the running supervisors. */
  get pids(): number[] {
    return [...this.#children].map(({ pid = 0 }) => pid)
  }

  #killAll(): void {
    for (const { pid } of this.#children) killQuietly(pid ?? 0)
  }
}
