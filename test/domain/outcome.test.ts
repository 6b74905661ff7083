import { expect } from 'chai'
import { decide, type Outcome, type Settlement, TRANSITIONS } from '../../src/domain/outcome.ts'

const FRESH = {
  attempts: 0,
  interruptions: 0,
  worker_deaths: 0,
  max_retries: 1,
  max_interruptions: 3,
  backoff_base: 3,
  backoff_max: 100,
}

type Row = [title: string, outcome: Outcome, job: Partial<typeof FRESH>, expected: Partial<Settlement>]

const ROWS: Row[] = [
  [
    'exit 0',
    { kind: 'exit', exit_code: 0 },
    {},
    { state: 'completed', run_outcome: 'completed', reason: null, exit_code: 0 },
  ],
  [
    'a first failure',
    { kind: 'exit', exit_code: 2 },
    {},
    { state: 'pending', run_outcome: 'failed', attempts: 1, delay_ms: 3000 },
  ],
  [
    'the last failure',
    { kind: 'exit', exit_code: 2 },
    { attempts: 1 },
    { state: 'dead', attempts: 2, reason: 'exit code 2' },
  ],
  [
    'no retries at all',
    { kind: 'signal', signal: 'SIGSEGV' },
    { max_retries: 0 },
    { state: 'dead', signal: 'SIGSEGV', cause: 'signal SIGSEGV' },
  ],
  ['a command not found', { kind: 'exit', exit_code: 127 }, {}, { cause: 'exit code 127 (command not found)' }],
  [
    'a timeout',
    { kind: 'timeout', exit_code: null, signal: 'SIGTERM' },
    {},
    { state: 'pending', cause: 'timeout', attempts: 1 },
  ],
  [
    'no start',
    { kind: 'cannot_start', message: 'no folder' },
    {},
    { run_outcome: 'failed', cause: 'cannot start: no folder' },
  ],
  [
    'a cancel',
    { kind: 'cancelled', exit_code: null, signal: 'SIGTERM' },
    {},
    { state: 'cancelled', run_outcome: 'cancelled', attempts: 0 },
  ],
  [
    'a release (R6)',
    { kind: 'released', cause: 'end of grace' },
    { attempts: 1 },
    { state: 'pending', run_outcome: 'released', attempts: 1, interruptions: 0, delay_ms: 0 },
  ],
  [
    'a worker’s death (R6)',
    { kind: 'interrupted', cause: 'worker died' },
    {},
    { state: 'pending', attempts: 0, interruptions: 1, worker_deaths: 1, delay_ms: 0 },
  ],
  [
    'the third worker’s death',
    { kind: 'interrupted', cause: 'worker died' },
    { interruptions: 2, worker_deaths: 2 },
    { state: 'dead', reason: 'poison', worker_deaths: 3 },
  ],
  [
    'a host’s loss never poisons (R6)',
    { kind: 'interrupted', cause: 'host lost' },
    { interruptions: 50, worker_deaths: 2 },
    { state: 'pending', interruptions: 51, worker_deaths: 2 },
  ],
  [
    'force never poisons (R6)',
    { kind: 'interrupted', cause: 'forced' },
    { worker_deaths: 2 },
    { state: 'pending', worker_deaths: 2 },
  ],
]

describe('how the end of a run changes its job @fast', () => {
  for (const [title, outcome, job, expected] of ROWS) {
    it(title, () => {
      expect(decide({ ...FRESH, ...job }, outcome)).to.deep.include(expected)
    })
  }

  it('is a transition that processing jobs may make', () => {
    for (const [, outcome, job] of ROWS) {
      expect(TRANSITIONS.processing).to.include(decide({ ...FRESH, ...job }, outcome).state)
    }
  })

  it('balances: max_retries 3 means at most four failures', () => {
    let job = { ...FRESH, max_retries: 3 }
    let failures = 0
    for (let state = 'pending'; state === 'pending'; ) {
      const settlement = decide(job, { kind: 'exit', exit_code: 1 })
      job = { ...job, attempts: settlement.attempts }
      state = settlement.state
      failures++
    }
    expect(failures).to.equal(4)
  })
})
