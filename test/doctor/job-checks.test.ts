import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { VERSION } from '../../src/cli/build-info.ts'
import { examineJobs } from '../../src/doctor/job-checks.ts'
import { examineRegistry } from '../../src/doctor/registry-checks.ts'
import { newToken } from '../../src/domain/ids.ts'
import { platform } from '../../src/platform/platform.ts'
import { openStore } from '../../src/store/open.ts'
import type { JobStore } from '../../src/store/port.ts'
import { beatOf, put, SUCCESS, settle, take } from '../contract/kit.ts'
import { bad, levels, patient, type Report } from '../helpers/patient.ts'
import { endStrangers, HAS_PROC, lives, stranger } from '../helpers/processes.ts'
import { skip } from '../helpers/skip.ts'
import { Scene } from '../helpers/supervised.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('queuectl doctor: processes @posix', () => {
  afterEach(endStrangers)

  it('removes rows of dead processes that own no run, and changes no job', async function () {
    if (!HAS_PROC) skip(this, 'no /proc')
    const scene = await Scene.open()
    const id = await scene.add('sleep 60')
    const { child } = await scene.start()
    const { identity } = await scene.holder(id)
    await scene.until(id, { state: 'processing' }, 5_000)
    process.kill(identity.pid, 'SIGSTOP')
    child.kill('SIGKILL')
    process.kill(identity.pid, 'SIGKILL')
    await waitFor(() => !lives(child.pid) && !lives(identity.pid), { within: 10_000, what: 'the signals have arrived' })
    await waitFor(async () => JSON.parse((await scene.run('doctor', '--json')).stdout).problems === 1, {
      within: 10_000,
      what: 'both are dead',
    })
    const before = await scene.job(id)
    const { code, stdout } = await scene.run('doctor', '--json', '--fix')
    const report = JSON.parse(stdout) as Report
    expect(code).to.equal(1)
    expect(report.mended.map(({ check }) => check)).to.deep.equal(['registry'])
    expect(levels(report)).to.deep.equal(['registry warning', 'jobs problem'])
    expect(bad(report)[1]?.message).to.match(new RegExp(`job ${id} is claimed by dead worker w-\\S+`))
    expect((await scene.rows()).map(({ kind }) => kind)).to.deep.equal(['worker'])
    expect(await scene.job(id)).to.deep.equal(before)
    expect(await scene.run('worker', 'stop', '--force')).to.include({ code: 1 })
    expect(await scene.job(id)).to.include({ state: 'pending' })
    await scene.finish()
  })

  it('reports no dead process and no orphaned job when they end normally during the check', async () => {
    const { db } = await patient()
    const store = await openStore({ address: db, role: 'command', is_alive: () => false })
    await put(store, ['ends'])
    const job = await take(store)
    const beat = beatOf('s1', ['w1'], [job.lease_token])
    const self = platform.identify(process.pid)
    if (self === null) throw new Error('cannot identify this process')
    // No process has this pid.
    const identity = { ...self, pid: 2 ** 22 + 1 }
    const rows = {
      supervisor: { ...beat.supervisor, identity },
      workers: beat.workers.map((row) => ({ ...row, identity })),
    }
    await store.beat({ ...beat, ...rows })
    const stopping = (): JobStore => {
      let reads = 0
      return {
        ...store,
        async processes() {
          const before = await store.processes()
          if (++reads === 1) await store.deregister({ ids: ['w1', 's1'] })
          return before
        },
        async processing() {
          const before = await store.processing()
          if (reads === 0) await settle(store, job, SUCCESS)
          return before
        },
      }
    }
    expect(await examineJobs(stopping(), db))
      .to.have.property('0')
      .that.includes({ level: 'ok' })
    await store.beat({ ...beat, ...rows })
    expect(await examineRegistry(stopping(), VERSION))
      .to.have.property('0')
      .that.includes({ level: 'ok' })
    await store.close()
  })

  it('reports runs that cannot be stopped, expired leases, and processes in other containers', async () => {
    const { doctor, db, ok } = await patient()
    const store = await openStore({ address: db, role: 'command', is_alive: () => false })
    await put(store, ['held'])
    const { lease_token } = await take(store)
    const { supervisor, ...beat } = beatOf('s1', ['w1'], [lease_token])
    await store.beat({
      ...beat,
      supervisor: { ...supervisor, stuck: { held: 'not allowed to kill process 7 (EPERM)' } },
    })
    await store.close()
    const elsewhere = await doctor()
    expect(levels(elsewhere)).to.have.members([
      'registry problem',
      'registry problem',
      'registry warning',
      'jobs problem',
    ])
    const found = bad(elsewhere).map(({ message }) => message)
    expect(found.join('\n'))
      .to.match(/in another container.*supervisor s1/)
      .and.match(/in another container.*worker w1/)
    expect(found.join('\n')).to.match(/queuectl 0, but this is/)
    expect(found).to.include('the run of job held cannot be stopped: not allowed to kill process 7 (EPERM)')
    const raw = new DatabaseSync(db)
    raw.exec(
      'UPDATE processes SET beat_at = beat_at - 60000; UPDATE jobs SET lease_expires_at = 1 WHERE lease_token NOT NULL',
    )
    raw.close()
    const silent = await doctor()
    const messages = bad(silent).map(({ message }) => message)
    expect(messages.filter((message) => /^last heartbeat 1m( \d+s)? ago: /.test(message))).to.have.length(2)
    expect(messages).to.include('job held is claimed by worker w1, and the lease has expired')
    expect(await ok('show', 'held')).to.contain('processing')
  })

  it('finds processes of finished runs, except daemons of successful jobs', async function () {
    if (!HAS_PROC) skip(this, 'no /proc')
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
    const elsewhere = carrying(newToken(), 'c', '/elsewhere/queue.db')
    const begun = ({ pid }: { pid: number }) => readFileSync(`/proc/${pid}/cmdline`, 'latin1') === 'sleep\x0060\0'
    await waitFor(() => [daemon, orphan, purged, elsewhere].every(begun), { within: 10_000, what: 'they have started' })
    expect(await doctor()).to.include({ problems: 2 })
    const { findings } = await doctor('--fix')
    const found = findings.filter(({ check }) => check === 'processes').map(({ message }) => message)
    expect(found).to.have.members([
      `process ${orphan.pid} still runs, but run 1 of job b was failed`,
      `process ${purged.pid} belongs to a run of job c that is not in the run history`,
      `daemons started by successful jobs: ${daemon.pid}`,
    ])
    expect(
      [daemon, orphan, purged].every(({ exitCode, signalCode }) => exitCode === null && signalCode === null),
    ).to.equal(true)
  })
})
