import type { JobState } from '../../src/domain/job.ts'

/** How a kind of job must end, under any kills. */
export interface RightEnd {
  state: JobState
  /** The reason that the job must have; absent: any. */
  reason?: RegExp
  /** The number of failed runs, exactly or at least. */
  failures?: { exactly: number } | { at_least: number }
}

export interface Kind {
  /** How many of a hundred jobs. */
  share: number
  /** Fields for `enqueue` besides id and command. */
  fields?: Record<string, unknown>
  /** Seconds that one run works, from and to; absent: it does not end by itself, or never runs. */
  works?: readonly [number, number]
  /** Exit codes with which a run may end by itself. */
  exits: readonly number[]
  end: RightEnd
  /** It is cancelled as soon as it has started, or while it waits. */
  cancel?: 'running' | 'waiting'
  /** It never writes its first line. */
  unseen?: boolean
}

/** A kill of its shell is a failure too: only many retries make the end of a job certain. */
const ALWAYS = { max_retries: 100, max_interruptions: 100, backoff_base: 0 }
/** Long jobs start first, so that the run does not wait for them at its end. */
const EARLY = { ...ALWAYS, priority: 1 }
const KILLED = 'signal SIGKILL'

/** The kinds of jobs of a chaos run; test/chaos/job.sh executes them. */
export const KINDS = {
  plain: { share: 56, fields: ALWAYS, works: [0.01, 0.3], exits: [0], end: { state: 'completed' } },
  /** Fails twice, then succeeds. */
  flaky: {
    share: 10,
    fields: ALWAYS,
    works: [0.02, 0.3],
    exits: [0, 3],
    end: { state: 'completed', failures: { at_least: 2 } },
  },
  doomed: {
    share: 5,
    fields: { ...ALWAYS, max_retries: 2 },
    works: [0.02, 0.2],
    exits: [7],
    end: { state: 'dead', reason: new RegExp(`^(exit code 7|${KILLED})$`), failures: { exactly: 3 } },
  },
  /** Starts children in its group, in another session and without a parent. */
  family: {
    share: 10,
    fields: ALWAYS,
    works: [0.1, 0.5],
    exits: [0, 3],
    end: { state: 'completed', failures: { at_least: 1 } },
  },
  /** Starts a daemon that is meant to stay for a while. */
  daemon: { share: 5, fields: ALWAYS, works: [0.05, 0.2], exits: [0], end: { state: 'completed' } },
  /** Ignores SIGTERM. */
  deaf: { share: 3, fields: ALWAYS, works: [0.1, 0.8], exits: [0], end: { state: 'completed' } },
  slow: { share: 1, fields: EARLY, works: [4, 5], exits: [0], end: { state: 'completed' } },
  late: {
    share: 2,
    fields: { ...EARLY, timeout: 0.6, max_retries: 1 },
    exits: [],
    end: { state: 'dead', reason: new RegExp(`^(timeout|${KILLED})$`), failures: { exactly: 2 } },
  },
  deaf_late: {
    share: 0.25,
    fields: { ...EARLY, timeout: 0.6, max_retries: 0 },
    exits: [],
    end: { state: 'dead', reason: new RegExp(`^(timeout|${KILLED})$`), failures: { exactly: 1 } },
  },
  endless: {
    share: 3,
    fields: ALWAYS,
    exits: [],
    end: { state: 'cancelled', reason: /^cancelled$/ },
    cancel: 'running',
  },
  deaf_endless: {
    share: 0.25,
    fields: EARLY,
    exits: [],
    end: { state: 'cancelled', reason: /^cancelled$/ },
    cancel: 'running',
  },
  waiting: {
    share: 2,
    fields: { ...ALWAYS, delay: '1h' },
    exits: [],
    end: { state: 'cancelled', reason: /^cancelled$/ },
    cancel: 'waiting',
    unseen: true,
  },
  /** Kills the worker that runs it. */
  poison: {
    share: 0.25,
    fields: { ...EARLY, max_interruptions: 3 },
    exits: [],
    end: { state: 'dead', reason: /^poison$/ },
  },
  /** Its working folder does not exist. */
  homeless: {
    share: 1,
    fields: { ...ALWAYS, max_retries: 0 },
    exits: [],
    end: { state: 'dead', reason: /^cannot start: /, failures: { exactly: 1 } },
    unseen: true,
  },
} as const satisfies Record<string, Kind>

export type KindName = keyof typeof KINDS

/** The kind of that name, with its optional fields. */
export function kindOf(name: KindName): Kind {
  return KINDS[name]
}
