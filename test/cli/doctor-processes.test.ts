import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { newToken } from '../../src/domain/token.ts'
import { bad, levels, patient, type Report } from '../helpers/patient.ts'
import { endStrangers, HAS_PROC, stranger } from '../helpers/processes.ts'
import { Scene } from '../helpers/supervised.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('queuectl doctor, on processes', () => {
  afterEach(endStrangers)

  it('removes rows of dead processes, but not of those that own a run, and touches no job', async function () {
    if (!HAS_PROC) this.skip()
    const scene = await Scene.open()
    const id = await scene.add('sleep 60')
    const { child } = await scene.start()
    const { identity } = await scene.holder(id)
    await scene.until(id, { state: 'processing' }, 5_000)
    process.kill(identity.pid, 'SIGSTOP')
    child.kill('SIGKILL')
    process.kill(identity.pid, 'SIGKILL')
    await waitFor(async () => JSON.parse((await scene.run('doctor', '--json')).stdout).problems === 1, {
      within: 5_000,
      what: 'both are dead',
    })
    const before = await scene.job(id)
    const { code, stdout } = await scene.run('doctor', '--json', '--fix')
    const report = JSON.parse(stdout) as Report
    expect(code).to.equal(1)
    expect(report.mended.map(({ check }) => check)).to.deep.equal(['registry'])
    expect(levels(report)).to.deep.equal(['registry warning', 'jobs problem'])
    expect(bad(report)[1]?.message).to.match(new RegExp(`job ${id} is held by w-\\S+, which is dead`))
    expect((await scene.rows()).map(({ kind }) => kind)).to.deep.equal(['worker'])
    expect(await scene.job(id)).to.deep.equal(before)
    expect(await scene.run('worker', 'stop', '--force')).to.include({ code: 1 })
    expect(await scene.job(id)).to.include({ state: 'pending' })
    await scene.finish()
  })

  it('finds processes of runs that are over, but for what a command left on purpose', async function () {
    if (!HAS_PROC) this.skip()
    const { doctor, db } = await patient()
    const file = new DatabaseSync(db)
    const tokens = file
      .prepare('SELECT token FROM runs ORDER BY seq')
      .all()
      .map(({ token }) => String(token))
    file.close()
    const carrying = (token: string | undefined, job: string, store = db) =>
      stranger('exec sleep 60', {
        QUEUECTL_LEASE: token,
        QUEUECTL_JOB_ID: job,
        QUEUECTL_DB: store,
        PATH: process.env.PATH,
      })
    const daemon = carrying(tokens[0], 'a')
    const orphan = carrying(tokens[1], 'b')
    const purged = carrying(newToken(), 'c')
    carrying(newToken(), 'c', '/elsewhere/queue.db')
    await waitFor(async () => (await doctor()).problems === 2, { within: 5_000, what: 'they have begun' })
    const { findings } = await doctor('--fix')
    const found = findings.filter(({ check }) => check === 'processes').map(({ message }) => message)
    expect(found).to.have.members([
      `process ${orphan.pid} lives, yet run 1 of job b was failed`,
      `process ${purged.pid} lives, yet run of job c is not on record`,
      `left running by commands that succeeded, as a daemon may be: ${daemon.pid}`,
    ])
    expect(
      [daemon, orphan, purged].every(({ exitCode, signalCode }) => exitCode === null && signalCode === null),
    ).to.equal(true)
  })
})
