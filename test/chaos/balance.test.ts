import { expect } from 'chai'
import type { Run } from '../../src/domain/job.ts'
import { job as claimed } from '../helpers/runs.ts'
import { type Balance, balance } from './balance.ts'
import type { Kill } from './killer.ts'
import type { KindName } from './kinds.ts'
import { type Line, parseLine } from './ledger.ts'

const TOKENS = ['a', 'b', 'c'].map((letter) => letter.repeat(20)) as [string, string, string]
const [FIRST, SECOND] = TOKENS

/** A recorded run. */
const run = (number: number, fields: Partial<Run> = {}): Run => ({
  number,
  token: TOKENS[number - 1] ?? '',
  worker: 'w-1',
  host: 'here',
  started_at: 0,
  finished_at: 0,
  outcome: 'completed',
  exit_code: 0,
  signal: null,
  cause: 'completed',
  ...fields,
})
const died = (number: number, fields: Partial<Run> = {}) =>
  run(number, { outcome: 'interrupted', exit_code: null, cause: 'worker died', ...fields })

const DEATH: Kill = { at: 5, kind: 'worker', point: null, pid: 99, id: 'w-1', token: null, frozen_s: null }

/** Balance of one job. `ledger`: lines without the job's ID, in the order in which they were written. */
function balanceOf(
  ledger: readonly string[],
  runs: readonly Run[],
  { kills = [], kind = 'plain', ...fields }: { kills?: Kill[]; kind?: KindName } & Record<string, unknown> = {},
): Balance {
  const count = (outcome: string) => runs.filter((one) => one.outcome === outcome).length
  const counters = { runs: runs.length, attempts: count('failed'), interruptions: count('interrupted') }
  const job = claimed({ id: 'one', state: 'completed', ...counters, ...fields })
  return balance({
    jobs: [{ id: 'one', kind, fields: {} }],
    accepted: new Set(['one']),
    ledger: { lines: ledger.map((text) => parseLine(`one ${text}`) as Line), torn: 0 },
    records: new Map([['one', { job, runs }]]),
    runs_kept: null,
    kills,
    supervisor_of: new Map([['w-1', 's-1']]),
  })
}

const faults = ({ lost, overlaps, wrong, unbalanced }: Balance) => ({ lost, overlaps, wrong, unbalanced })
const NONE = { lost: [], overlaps: [], wrong: [], unbalanced: [] }
const GOOD = [`1 ${FIRST} 1.00 10 100 start`, `1 ${FIRST} 1.10 10 100 tick`, `1 ${FIRST} 1.20 10 100 end 0`]
const AGAIN = [`2 ${SECOND} 5.25 20 200 start`, `2 ${SECOND} 5.50 20 200 end 0`]

describe('the check of a chaos run’s history @posix @fast', () => {
  it('accepts a job that ran once, or again because its worker was killed', () => {
    expect(faults(balanceOf(GOOD, [run(1)]))).to.deep.equal(NONE)
    const again = balanceOf([...GOOD.slice(0, 2), ...AGAIN], [died(1), run(2)], { kills: [DEATH] })
    expect(faults(again)).to.deep.equal(NONE)
    expect(again).to.deep.include({ runs: 2, starts: 2, ran: 1 })
    expect(again.recoveries).to.deep.equal([{ why: 'its worker was killed', seconds: 0.25 }])
  })

  it('accepts and counts a run that was cut off before its first line', () => {
    const cut = balanceOf(AGAIN, [died(1), run(2)], { kills: [DEATH] })
    expect(faults(cut)).to.deep.equal(NONE)
    expect(cut.accounts.map(({ outcome, unseen }) => [outcome, unseen])).to.deep.equal([
      ['interrupted', 1],
      ['completed', 0],
    ])
  })

  it('finds a job that the store does not have, or that is not final', () => {
    expect(balanceOf([], [], { state: 'pending' }).lost).to.have.length(1)
    const params = {
      ledger: { lines: [], torn: 0 },
      runs_kept: null,
      kills: [],
      supervisor_of: new Map(),
      records: new Map(),
    }
    const unknown = balance({ ...params, jobs: [{ id: 'one', kind: 'plain', fields: {} }], accepted: new Set(['one']) })
    expect(unknown.lost).to.deep.equal(['job one: it is not in the store'])
  })

  it('finds a run that nothing explains', () => {
    const twice = [...GOOD.slice(0, 2), ...AGAIN]
    expect(balanceOf(twice, [died(1), run(2)]).unbalanced).to.have.length(1)
    expect(balanceOf(twice, [died(1, { cause: 'host lost' }), run(2)], { kills: [DEATH] }).unbalanced).to.have.length(1)
    const still = (frozen_s: number) => ({ ...DEATH, kind: 'freeze', frozen_s }) as const
    expect(balanceOf(twice, [died(1), run(2)], { kills: [still(12)] }).unbalanced).to.have.length(1)
    expect(balanceOf(twice, [died(1), run(2)], { kills: [still(18)] }).unbalanced).to.deep.equal([])
    expect(balanceOf(twice, [died(1), run(2)], { kills: [{ ...still(18), at: 6 }] }).unbalanced).to.have.length(1)
    const orphaned = died(1, { cause: 'supervisor died' })
    expect(balanceOf(twice, [orphaned, run(2)], { kills: [DEATH] }).unbalanced).to.have.length(1)
    const both = [DEATH, { ...DEATH, id: 's-1', at: 5.1 }]
    expect(balanceOf(twice, [orphaned, run(2)], { kills: both }).unbalanced).to.deep.equal([])
    const failed = run(1, { outcome: 'failed', exit_code: null, signal: 'SIGKILL', cause: 'signal SIGKILL' })
    expect(balanceOf(twice, [failed, run(2)]).unbalanced).to.have.length(1)
    const shell = { ...DEATH, kind: 'shell', id: null, token: FIRST } as const
    expect(balanceOf(twice, [failed, run(2)], { kills: [shell] }).unbalanced).to.deep.equal([])
    const released = run(1, { outcome: 'released', exit_code: null, cause: 'end of grace' })
    expect(balanceOf(twice, [released, run(2)], { kills: [DEATH] }).unbalanced).to.have.length(1)
  })

  it('finds a run that was recorded as cut off, and ran again, although its outcome was on disk (R5)', () => {
    const ended = (point: string) => {
      const kills = [{ ...DEATH, at: 1.3, kind: 'point', point, token: FIRST } as const]
      return balanceOf([...GOOD, ...AGAIN], [died(1), run(2)], { kills }).unbalanced.length
    }
    expect(ended('ended')).to.equal(0)
    expect(ended('noted')).to.be.above(0)
    expect(ended('settled')).to.be.above(0)
  })

  it('finds a run in the ledger that is not recorded, or recorded as another one', () => {
    expect(balanceOf([...GOOD, ...AGAIN], [run(1)]).unbalanced).to.have.length(1)
    expect(
      balanceOf(
        GOOD.map((line) => line.replace(/^1/, '7')),
        [run(1)],
      ).unbalanced,
    ).to.have.length(1)
  })

  it('finds a success that never happened, and one that was lost', () => {
    expect(balanceOf(GOOD.slice(0, 2), [run(1)]).unbalanced).to.have.length(1)
    expect(balanceOf([], [run(1)]).wrong).to.not.deep.equal([])
    const late = { ...DEATH, at: 9 }
    const still = { ...DEATH, at: 1.1, kind: 'freeze', frozen_s: 7 } as const
    const repeated = balanceOf([...GOOD, ...AGAIN], [died(1), run(2)], { kills: [late] })
    expect(repeated.unbalanced).to.have.length(1)
    expect(repeated.unbalanced[0]).to.contain('run 1 succeeded')
    expect(balanceOf([...GOOD, ...AGAIN], [died(1), run(2)], { kills: [still, late] }).unbalanced).to.deep.equal([])
    const failed = run(1, { outcome: 'failed', exit_code: null, signal: 'SIGKILL', cause: 'signal SIGKILL' })
    const shell = { ...DEATH, at: 1.21, kind: 'shell', id: null, token: FIRST } as const
    expect(balanceOf([...GOOD, ...AGAIN], [failed, run(2)], { kills: [shell, late] }).unbalanced).to.deep.equal([])
    const released = run(1, { outcome: 'released', exit_code: null, cause: 'end of grace' })
    const stopped = (at: number) => ({ ...DEATH, at, id: 's-1', kind: 'stop' }) as const
    expect(balanceOf([...GOOD, ...AGAIN], [released, run(2)], { kills: [still, stopped(3)] }).unbalanced).to.deep.equal(
      [],
    )
    expect(
      balanceOf([...GOOD, ...AGAIN], [released, run(2)], { kills: [still, stopped(9)] }).unbalanced,
    ).to.have.length(1)
    const alone = [{ ...DEATH, at: 1.1 }, { ...DEATH, id: 's-1', kind: 'supervisor', at: 9 } as const]
    const orphaned = died(1, { cause: 'supervisor died' })
    expect(balanceOf([...GOOD, ...AGAIN], [orphaned, run(2)], { kills: alone }).unbalanced).to.deep.equal([])
  })

  it('finds two runs that were alive at the same time, by the order of their lines', () => {
    const late = `1 ${FIRST} 5.30 10 100 tick`
    const overlapping = balanceOf(
      [...GOOD.slice(0, 2), ...AGAIN.slice(0, 1), late, ...AGAIN.slice(1)],
      [died(1), run(2)],
      {
        kills: [DEATH],
      },
    )
    expect(overlapping.overlaps).to.have.length(1)
    const double = `2 ${SECOND} 5.26 20 200 double ${FIRST} 10`
    expect(
      balanceOf([...GOOD.slice(0, 2), ...AGAIN, double], [died(1), run(2)], { kills: [DEATH] }).overlaps,
    ).to.have.length(1)
    const child = `1 ${FIRST} 5.30 11 110 child`
    expect(balanceOf([...AGAIN, child], [died(1), run(2)], { kills: [DEATH] }).overlaps).to.have.length(1)
  })

  it('finds a wrong end, a wrong count and a second result', () => {
    expect(balanceOf(GOOD, [run(1)], { state: 'dead' }).wrong).to.not.deep.equal([])
    expect(balanceOf(GOOD, [run(1)], { attempts: 1 }).unbalanced).to.have.length(1)
    expect(balanceOf(GOOD, [run(1)], { interruptions: 1 }).unbalanced).to.have.length(1)
    expect(balanceOf(GOOD, [run(1)], { runs: 2 }).unbalanced).to.have.length(1)
    expect(balanceOf([...GOOD, ...AGAIN], [run(1), run(2)]).wrong).to.have.length(1)
    expect(balanceOf(GOOD, [run(1)], { kind: 'flaky' }).wrong).to.have.length(1)
    expect(balanceOf(GOOD, [run(1)], { kind: 'doomed' }).wrong).to.not.deep.equal([])
  })

  it('finds a daemon that was ended although its run succeeded', () => {
    expect(balanceOf(GOOD, [run(1)], { kind: 'daemon' }).wrong).to.have.length(1)
    const ended = `1 ${FIRST} 2.20 12 120 daemon_end`
    expect(faults(balanceOf([...GOOD, ended], [run(1)], { kind: 'daemon' }))).to.deep.equal(NONE)
  })
})
