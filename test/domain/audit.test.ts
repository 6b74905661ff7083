import { expect } from 'chai'
import { auditHistory, type FaultKind } from '../../src/domain/audit.ts'
import { addToTotals, type EndedRun, emptyTotals, imbalance } from '../../src/domain/history.ts'
import type { Job } from '../../src/domain/job.ts'
import { job as anyJob } from '../helpers/runs.ts'

/** A run of half a second, one second after the previous one. */
function entry(number: number, over: Partial<EndedRun> = {}): EndedRun {
  const started_at = number * 1_000
  const times = { started_at, finished_at: started_at + 500 }
  const who = { token: `token${number}`, worker: 'w1', host: 'here' }
  const outcome = { outcome: 'completed', state: 'completed', exit_code: 0, signal: null, cause: 'completed' } as const
  return { number, ...who, ...times, ...outcome, requeues: 0, ...over }
}

const failed = (number: number, over: Partial<EndedRun> = {}) =>
  entry(number, { outcome: 'failed', state: 'pending', exit_code: 2, cause: 'exit code 2', ...over })
const released = (number: number) => entry(number, { outcome: 'released', state: 'pending', cause: 'end of grace' })
const died = (number: number, over: Partial<EndedRun> = {}) =>
  entry(number, { outcome: 'interrupted', state: 'pending', cause: 'worker died', ...over })

/** A job in that state after `runs` runs. */
function job(state: Job['state'], runs: number, over: Partial<Job> = {}): Job {
  const held = state === 'processing' ? { run_token: 'open', started_at: runs * 1_000 } : {}
  return anyJob({ id: 'a', state, runs, ...held, ...over })
}

function faults(of: Job | null, runs: EndedRun[], kept: number | null = null): FaultKind[] {
  return auditHistory({ job: of, runs }, kept).map(({ kind }) => kind)
}

describe('the audit of a job @fast', () => {
  it('finds no fault in possible histories', () => {
    const dead = failed(2, { state: 'dead' })
    const lives: [Job, EndedRun[]][] = [
      [job('pending', 0), []],
      [job('cancelled', 0), []],
      [job('processing', 1), []],
      [job('completed', 1), [entry(1)]],
      [job('completed', 3, { attempts: 1 }), [failed(1), released(2), entry(3)]],
      [job('pending', 1, { attempts: 1 }), [failed(1)]],
      [job('processing', 2, { attempts: 1 }), [failed(1)]],
      [job('dead', 2, { attempts: 2, max_retries: 1 }), [failed(1), dead]],
      [job('dead', 1, { interruptions: 1, worker_deaths: 1, max_interruptions: 1 }), [died(1, { state: 'dead' })]],
      [job('pending', 1, { interruptions: 1 }), [died(1, { cause: 'host lost' })]],
      [job('cancelled', 1, { attempts: 1 }), [failed(1)]],
      // A run that failed while a cancel was requested.
      [job('cancelled', 1), [entry(1, { outcome: 'cancelled', state: 'cancelled' })]],
      [job('pending', 1, { requeues: 1 }), [entry(1)]],
      [job('cancelled', 1, { requeues: 1 }), [entry(1)]],
      [job('processing', 2, { requeues: 1 }), [entry(1)]],
      [job('completed', 2, { requeues: 1 }), [entry(1), entry(2, { requeues: 1 })]],
      [job('pending', 3, { requeues: 1, attempts: 1, max_retries: 1 }), [failed(1), dead, failed(3, { requeues: 1 })]],
    ]
    for (const [of, runs] of lives) expect(auditHistory({ job: of, runs }, null), of.state).to.deep.equal([])
  })

  it('finds lost runs', () => {
    expect(faults(job('pending', 1), [])).to.deep.equal(['lost'])
    expect(faults(job('completed', 3), [entry(1, { outcome: 'released', state: 'pending' }), entry(3)])).to.include(
      'lost',
    )
    expect(faults(job('processing', 3), [released(1)])).to.deep.equal(['lost'])
    const [fault] = auditHistory({ job: null, runs: [entry(1)] }, null)
    expect(fault).to.include({ kind: 'lost', job: null })
    expect(fault?.message).to.contain('token1')
  })

  it('finds doubled runs', () => {
    expect(faults(job('processing', 1), [released(1)])).to.deep.equal(['doubled'])
    expect(faults(job('completed', 1), [entry(1), entry(2)])).to.include('doubled')
    expect(faults(job('pending', 1), [released(1), { ...released(1), token: 'other' }])).to.deep.equal(['doubled'])
    expect(faults(job('pending', 2), [released(1), { ...released(2), token: 'token1' }])).to.deep.equal(['doubled'])
    expect(faults(job('processing', 2, { run_token: 'token1' }), [released(1)])).to.deep.equal(['doubled'])
  })

  it('finds two runs at the same time, and tolerates small clock differences', () => {
    const long = entry(1, { outcome: 'released', state: 'pending', finished_at: 9_000 })
    expect(faults(job('pending', 2), [long, released(2)])).to.deep.equal(['doubled'])
    expect(faults(job('processing', 2), [long])).to.deep.equal(['doubled'])
    const drifted = { ...long, started_at: 0, finished_at: 2_900 }
    expect(faults(job('processing', 2), [drifted])).to.deep.equal([])
  })

  it('finds revived jobs', () => {
    expect(faults(job('completed', 2), [entry(1), entry(2)])).to.deep.equal(['revived'])
    expect(faults(job('processing', 2), [entry(1)])).to.deep.equal(['revived'])
    expect(faults(job('pending', 1), [entry(1)])).to.deep.equal(['revived'])
    expect(faults(job('pending', 1, { attempts: 1, max_retries: 0 }), [failed(1)])).to.deep.equal(['revived'])
  })

  it('finds counters that differ from the runs since the last requeue', () => {
    expect(faults(job('pending', 1), [failed(1)])).to.deep.equal(['miscounted'])
    expect(faults(job('pending', 1, { interruptions: 1 }), [died(1)])).to.deep.equal(['miscounted'])
    expect(faults(job('pending', 1, { attempts: 1 }), [released(1)])).to.deep.equal(['miscounted'])
    const before = failed(1, { state: 'dead' })
    expect(faults(job('pending', 1, { attempts: 1, requeues: 1 }), [before])).to.deep.equal(['miscounted'])
  })

  it('finds a state that does not follow', () => {
    expect(faults(job('completed', 0), [])).to.deep.equal(['wrong_state'])
    expect(faults(job('dead', 1), [entry(1)])).to.deep.equal(['wrong_state'])
    expect(faults(job('dead', 1, { attempts: 1 }), [failed(1, { state: 'dead' })])).to.deep.equal(['wrong_state'])
    expect(faults(job('completed', 1, { requeues: 1 }), [entry(1)])).to.deep.equal(['wrong_state'])
    expect(faults(job('pending', 1), [entry(1, { state: 'pending' })])).to.deep.equal(['wrong_state'])
  })

  it('does not check requeues of runs from before these were recorded', () => {
    const old = [failed(1, { state: 'dead', requeues: null }), entry(2, { requeues: null })]
    expect(faults(job('completed', 2), old)).to.deep.equal([])
    expect(faults(job('completed', 3), old)).to.deep.equal(['lost'])
  })

  it('expects only the runs that a store keeps', () => {
    const last = [4, 5].map((number) => failed(number))
    expect(faults(job('pending', 5, { attempts: 5, max_retries: 9 }), last, 2)).to.deep.equal([])
    expect(faults(job('pending', 5, { attempts: 1, max_retries: 9 }), last, 2)).to.deep.equal(['miscounted'])
    expect(faults(job('pending', 5, { attempts: 6, max_retries: 9 }), last, 2)).to.deep.equal(['miscounted'])
    expect(faults(job('pending', 5, { attempts: 5, max_retries: 9 }), last, 3)).to.deep.equal(['lost'])
  })
})

describe('the totals of the run history @fast', () => {
  it('balances when every start has an outcome', () => {
    const totals = emptyTotals()
    const add = (of: Job, runs: EndedRun[], kept: number | null = null) => addToTotals(totals, { job: of, runs }, kept)
    add(job('completed', 2), [released(1), entry(2)])
    add(job('processing', 2, { attempts: 1 }), [failed(1)])
    add(job('pending', 5), [released(4), released(5)], 2)
    expect(imbalance(totals)).to.equal(0)
    expect(totals).to.deep.include({ starts: 9, running: 1, unrecorded: 3 })
    expect(totals.outcomes).to.include({ completed: 1, failed: 1, released: 3 })
    add(job('pending', 2), [released(1)])
    expect(imbalance(totals)).to.equal(1)
  })
})
