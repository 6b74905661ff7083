import { expect } from 'chai'
import { HAS_PROC } from '../helpers/processes.ts'
import { skip } from '../helpers/skip.ts'
import { conduct } from './conduct.ts'
import { planOf } from './plan.ts'
import { tablesOf } from './report.ts'

const SMALL = { store: 'sqlite', jobs: 150, kills: 12, freezes: 1, workers: 4, minutes: 5, binary: null } as const

describe('a chaos run @posix', function () {
  this.timeout(420_000)
  this.slow(60_000)

  it('loses nothing under any kills: ledger and store agree on every run (F1, F2, F3) @slow', async function () {
    if (!HAS_PROC) skip(this, 'no /proc')
    const seed = Math.floor(Math.random() * 2 ** 31)
    const report = await conduct({ ...SMALL, seed }, { on_kept: (folder) => console.error(`kept in ${folder}`) })
    expect(report.ok, `\n${tablesOf(report)}\n`).to.equal(true)
    expect(report.kills.length).to.be.above(SMALL.kills)
  })

  it('has the same plan for the same seed, with every kind of job and a third of the kills for each victim', () => {
    const params = { jobs: 150, kills: 12, points: 4, servers: 0, stops: 2, freezes: 3, folder: '/f' }
    const plan = planOf({ seed: 7, ...params })
    expect(planOf({ seed: 7, ...params })).to.deep.equal(plan)
    expect(planOf({ seed: 8, ...params })).to.not.deep.equal(plan)
    expect(new Set(plan.jobs.map(({ kind }) => kind)).size).to.equal(14)
    expect(plan.jobs).to.have.length(150)
    const of = (...kinds: string[]) => plan.kills.filter(({ kind }) => kinds.includes(kind)).length
    expect([
      of('worker'),
      of('shell'),
      of('supervisor', 'household'),
      of('point'),
      of('stop'),
      of('freeze'),
    ]).to.deep.equal([4, 4, 4, 4, 2, 3])
  })
})
