import fc from 'fast-check'
import { JOB_STATES, JOB_VIEWS, SHELLS } from '../../src/domain/job.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { SettingKey } from '../../src/domain/settings.ts'
import type { ListParams, StoreRole } from '../../src/store/port.ts'

/** Later than the end of any test. */
export const FAR_MS = 3_600_000
/** Over before the next step, which waits for it. */
export const SHORT_MS = 2

export const QUEUES = ['a', '__proto__', 'q.$'] as const
export const WORKERS = ['w1', 'w2', 'w3'] as const
/** The supervisor of each worker. */
export const SUPERVISORS = { w1: 's1', w2: 's1', w3: 's2' } as const
const IDS = ['a', 'b', 'c', 'ab', 'a.b', 'ab_', 'A', '-', '__proto__'] as const

// Numbers named `pick` choose among what exists when the step is performed, so that a shorter sequence still makes
// sense.
const pick = fc.nat({ max: 30 })
const picks = fc.array(pick, { maxLength: 4 })
const lease_ms = fc.constantFrom(20_000, 20_000, 1)
const ids = fc.array(fc.oneof(fc.constantFrom(...IDS, 'nobody'), pick), { minLength: 1, maxLength: 3 })
const filter = fc.record({
  only: fc.option(fc.subarray([...QUEUES, 'none'], { minLength: 1 }), { freq: 2 }),
  except: fc.oneof(fc.constant([]), fc.subarray([...QUEUES, 'none'])),
})
const worker = fc.constantFrom(...WORKERS)
const supervisor = fc.constantFrom('s1', 's2')

const spec = fc.record({
  /** Null: a unique id. */
  id: fc.oneof(fc.constant(null), fc.constantFrom(...IDS)),
  shell: fc.constantFrom(...SHELLS),
  command: fc.constantFrom('true', '$HOME "$$" {"$gt":""}', 'ü\n🎉\t%_', '0'),
  queue: fc.constantFrom(...QUEUES),
  priority: fc.constantFrom(0, 0, 0, 1, -1, 2 ** 31 - 1, -(2 ** 31) + 1),
  max_retries: fc.constantFrom(0, 1, 100),
  max_interruptions: fc.constantFrom(1, 3),
  backoff: fc.constantFrom('none', 'short', 'far'),
  timeout: fc.constantFrom(null, 0.5),
  env: fc.constantFrom(null, {}, { A: '$B', 'C.D': '' }),
  cwd: fc.constantFrom(null, '/x'),
  content_hash: fc.constantFrom(null, 'h1', 'h1', 'h2'),
  wait: fc.constantFrom('none', 'none', 'none', 'short', 'far', 'past', 'at'),
})

const claim = fc.record({ worker, filter, lease_ms })

const SUCCESS: Outcome = { kind: 'exit', exit_code: 0 }
const LOST: Outcome = { kind: 'interrupted', cause: 'host lost' }
const POISON: Outcome = { kind: 'interrupted', cause: 'worker died' }
const outcome = fc.constantFrom<Outcome[]>(
  SUCCESS,
  SUCCESS,
  { kind: 'exit', exit_code: 2 },
  { kind: 'exit', exit_code: 127 },
  { kind: 'signal', signal: 'SIGSEGV' },
  { kind: 'timeout', exit_code: null, signal: 'SIGTERM' },
  { kind: 'cannot_start', message: '$$ROOT is not there' },
  { kind: 'cancelled', exit_code: 0, signal: null },
  { kind: 'released', cause: 'end of grace' },
  POISON,
  { kind: 'interrupted', cause: 'forced' },
)
const run_ms = fc.constantFrom(null, 0, 5, 234.5)
/** The token by which a run is written: the current one, an old one, or one that never existed. */
const by = fc.constantFrom('holder', 'holder', 'holder', 'holder', 'old', 'stranger')

type Page = Omit<ListParams, 'after'> & { after?: string | number }
const page = fc.record(
  {
    state: fc.constantFrom(...JOB_STATES, ...JOB_VIEWS),
    queue: fc.constantFrom(...QUEUES, 'none'),
    search: fc.constantFrom('a', 'B', '%_', '$', 'ROOT', '.', '\\', '🎉'),
    finished_since: fc.constantFrom(0, 1e6 * FAR_MS),
    after: fc.oneof(fc.constantFrom('nobody'), pick),
    sort: fc.constantFrom('newest', 'oldest', 'due', 'order', 'finished'),
    limit: fc.constantFrom(1, 3, 1000),
  },
  { requiredKeys: ['sort', 'limit'] },
) as fc.Arbitrary<Page>

/** One kind of step: its relative frequency, and its random parameters. */
function step<Params extends object>(weight: number, params: { [Name in keyof Params]: fc.Arbitrary<Params[Name]> }) {
  return { weight, arbitrary: fc.record(params) as unknown as fc.Arbitrary<Params> }
}

const STEPS = {
  insert: step(12, { specs: fc.array(spec, { minLength: 1, maxLength: 4 }), skip_taken: fc.boolean() }),
  insertAgain: step(2, { pick }),
  /** `again`: with the token of a job that is held already. */
  claim: step(20, { claim, again: fc.constantFrom(...Array(9).fill(false), true), pick }),
  settle: step(20, { pick, by, outcome, run_ms, next: fc.option(claim, { freq: 2 }) }),
  settleAgain: step(4, { pick }),
  renew: step(4, { worker, picks, old: fc.array(pick, { maxLength: 2 }), lease_ms }),
  fence: step(5, { pick, by, lease_ms }),
  fenceAgain: step(2, {}),
  reap: step(2, { pick, outcome: fc.constantFrom<Outcome[]>(SUCCESS, LOST, POISON) }),
  cancel: step(6, { ids }),
  requeue: step(6, { ids }),
  promote: step(6, { ids }),
  purge: step(2, {
    states: fc.subarray([...JOB_STATES]),
    queue: fc.constantFrom(null, null, ...QUEUES),
    older_than_ms: fc.constantFrom(0, 0, 0, FAR_MS),
    limit: fc.constantFrom(1, 2, 100),
  }),
  /** Of the current run, or of the last finished one. */
  keepOutput: step(5, { pick, bytes: fc.nat({ max: 4 }), ended: fc.boolean(), beyond: fc.nat({ max: 4 }) }),
  beat: step(10, { supervisor, workers: fc.subarray([...WORKERS]), picks, lease_ms, sample: fc.boolean() }),
  deregister: step(1, { ids: fc.subarray(['s1', 's2', ...WORKERS, 'nobody']) }),
  ask: step(2, { supervisor, same: fc.boolean() }),
  takeControls: step(2, { supervisor }),
  answer: step(2, { pick, result: fc.constantFrom(null, { killed: 1, released: 2 }) }),
  setting: step(1, {
    key: fc.constantFrom<SettingKey[]>('max_retries', 'timeout', 'durability'),
    value: fc.constantFrom(5, null, 'full'),
    unset: fc.boolean(),
  }),
  list: step(6, { page }),
  findIds: step(1, { prefix: fc.constantFrom('a', 'ab', '', '_', 'A', '-', 'z'), limit: fc.constantFrom(1, 2, 50) }),
  stop: step(1, { supervisor }),
  reopen: step(2, { role: fc.constantFrom<StoreRole[]>('command', 'supervisor', 'worker') }),
}

type Kinds = typeof STEPS
type ParamsOf<Kind extends keyof Kinds> = Kinds[Kind]['arbitrary'] extends fc.Arbitrary<infer Params> ? Params : never

/** One step on a store, with all its parameters. */
export type Step = { [Kind in keyof Kinds]: { do: Kind } & ParamsOf<Kind> }[keyof Kinds]
/** The step of one kind. */
export type StepOf<Kind extends keyof Kinds> = Extract<Step, { do: Kind }>

/** Any step. */
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  ...Object.entries(STEPS).map(([kind, { weight, arbitrary }]) => ({
    weight,
    arbitrary: (arbitrary as fc.Arbitrary<object>).map((chosen) => ({ do: kind, ...chosen }) as Step),
  })),
)
