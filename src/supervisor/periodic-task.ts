import type { Timing } from '../domain/timing.ts'
import { within } from '../lib/async.ts'
import { monotonic } from '../lib/clock.ts'

/** A tick waits no longer than this for one task: a locked store must not keep the supervisor from its signals. */
const PATIENCE_MS = 250

/** Hints may come with every commit; the store is read for them this often at most. */
export const HINT_MS = 100

/** Something that a supervisor does at regular intervals, with the parts in `Scope`. `name` is for people. */
export interface PeriodicTask<Scope> {
  name: string
  /** Milliseconds from one start to the next. */
  every_ms: number | ((timing: Timing) => number)
  /**
   * Whether a tick runs it when it is due; absent: always. The supervisor wakes up for tasks that always run; the
   * others run in ticks that have another cause.
   */
  when?: (scope: Scope) => boolean
  /** Makes it due early: the least milliseconds since its last start; null: it is not due early. */
  hurry?: (scope: Scope) => number | null
  /** An error is reported and stops nothing: the task runs again at its next time. */
  work: (scope: Scope) => Promise<void>
}

/** Runs periodic tasks, each at most once at a time. */
export class TaskRunner<Scope> {
  readonly #scope: () => Scope
  readonly #timing: Timing
  readonly #on_trouble: (error: Error) => void
  readonly #runs = new Map<PeriodicTask<Scope>, TaskRuns>()

  constructor(scope: () => Scope, timing: Timing, on_trouble: (error: Error) => void) {
    this.#scope = scope
    this.#timing = timing
    this.#on_trouble = on_trouble
  }

  /** Runs those of `tasks` that are due, one after the other; waits at most `PATIENCE_MS` for each. */
  async run(tasks: readonly PeriodicTask<Scope>[]): Promise<void> {
    const scope = this.#scope()
    for (const task of tasks) {
      if (task.when?.(scope) === false) continue
      const apart_ms = task.hurry?.(scope) ?? null
      if (apart_ms !== null) this.hasten(task, apart_ms)
      await this.#of(task).run()
    }
  }

  /**
   * Makes a task due now, but not sooner than `apart_ms` after its last start. Returns whether that is earlier than
   * before.
   */
  hasten(task: PeriodicTask<Scope>, apart_ms = 0): boolean {
    return this.#of(task).hasten(apart_ms)
  }

  /** Milliseconds until a task is due. */
  dueIn(task: PeriodicTask<Scope>): number {
    return this.#of(task).due_in
  }

  /** Whether a task is running. */
  isBusy(task: PeriodicTask<Scope>): boolean {
    return this.#of(task).busy
  }

  #of(task: PeriodicTask<Scope>): TaskRuns {
    let runs = this.#runs.get(task)
    if (runs === undefined) {
      const period_ms = typeof task.every_ms === 'number' ? task.every_ms : task.every_ms(this.#timing)
      runs = new TaskRuns(period_ms, () => task.work(this.#scope()), this.#on_trouble)
      this.#runs.set(task, runs)
    }
    return runs
  }
}

/** The runs of one task: at most one at a time; an error does not stop the next one. */
class TaskRuns {
  readonly #period_ms: number
  readonly #work: () => Promise<void>
  readonly #on_trouble: (error: Error) => void
  #started_at = Number.NEGATIVE_INFINITY
  #due_at = Number.NEGATIVE_INFINITY
  #running: Promise<void> | null = null

  constructor(period_ms: number, work: () => Promise<void>, on_trouble: (error: Error) => void) {
    this.#period_ms = period_ms
    this.#work = work
    this.#on_trouble = on_trouble
  }

  get busy(): boolean {
    return this.#running !== null
  }

  /** Milliseconds until it is due; while it runs, its whole period. */
  get due_in(): number {
    return this.#running === null ? Math.max(0, this.#due_at - monotonic()) : this.#period_ms
  }

  hasten(apart_ms: number): boolean {
    const due_at = Math.max(monotonic(), this.#started_at + apart_ms)
    if (due_at >= this.#due_at) return false
    this.#due_at = due_at
    return true
  }

  /** Starts the task if it is due, and waits at most `PATIENCE_MS` for its end. */
  async run(): Promise<void> {
    if (this.#running === null && this.#due_at <= monotonic()) {
      this.#started_at = monotonic()
      this.#due_at = this.#started_at + this.#period_ms
      this.#running = this.#work()
        .catch(this.#on_trouble)
        .finally(() => {
          this.#running = null
        })
    }
    if (this.#running !== null) await within(PATIENCE_MS, this.#running)
  }
}
