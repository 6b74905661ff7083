import { expect } from 'chai'
import { monotonic } from '../../src/lib/clock.ts'
import { mongoServer, needsMongo } from '../helpers/mongo-server.ts'
import { killQuietly, lives } from '../helpers/processes.ts'
import { tellTogether } from '../helpers/side-by-side.ts'
import { type Host, inScene, type Scene, UNTIL_GO } from '../helpers/supervised.ts'
import { openProxy, type TcpProxy } from '../helpers/tcp-proxy.ts'
import { pass, waitFor } from '../helpers/wait-for.ts'
import { CABLE } from './outage-cable.ts'
import { SERVER_DEATH } from './outage-server.ts'
import { SLEEP } from './outage-sleep.ts'

/** Seconds; the shortest lease that can be set. */
const LEASE = 20

/** Runs for ten minutes and logs when it starts and when SIGTERM comes, by a clock that all hosts of a test share. */
const LONG = `note() { read -r up _ < /proc/uptime; echo "$1 $up" >> ledger; }
  note start; trap 'note term; exit 0' TERM; sleep 600 & wait`

/** As LONG in its first run; later runs end at once. */
const LONG_ONCE = `test -e ledger && { read -r up _ < /proc/uptime; echo "start $up" >> ledger; exit 0; }; ${LONG}`

interface Place {
  scene: Scene
  /** A host whose connection to the store can be cut. */
  far: Host
  cable: TcpProxy
}

const STORIES: Record<string, (place: Place) => Promise<void>> = {
  'of one host: it ends its job 5 s before the lease expires, another host runs it again, and the late result changes nothing (F24, R9)':
    async ({ scene, far, cable }) => {
      await scene.store.setConfig({ key: 'lease', value: LEASE })
      const id = await scene.add(LONG_ONCE)
      const { said } = await far.start()
      await scene.until(id, { state: 'processing', runs: 1 }, 10_000)
      await scene.begun()
      await scene.start()
      cable.cut()
      await scene.until(id, { runs: 2 }, (LEASE + 20) * 1000)
      await scene.until(id, { state: 'completed' }, 3_000)
      const ledger = scene.lines('ledger').map((line) => line.split(' '))
      expect(ledger.map(([what]) => what)).to.deep.equal(['start', 'term', 'start'])
      const [, term = 0, again = 0] = ledger.map(([, at]) => Number(at))
      expect(again - term, 'seconds between the end here and the start there').to.be.above(5)
      cable.mend()
      await waitFor(() => /lost/.test(said()), {
        within: 25_000,
        what: async () => `the far host reports the loss: ${said()}`,
      })
      const runs = (await scene.runs(id)).map(({ outcome, cause }) => [outcome, cause])
      expect(runs).to.deep.equal([
        ['interrupted', 'host lost'],
        ['completed', 'completed'],
      ])
      expect(await scene.job(id)).to.include({ state: 'completed', attempts: 0, interruptions: 1, runs: 2 })
    },

  'that is short costs nothing: runs that ended meanwhile are settled when the store is back, and no worker is replaced (F23, R9)':
    async ({ scene, far, cable }) => {
      const id = await scene.add(`echo start >> ledger; ${UNTIL_GO}; echo end >> ledger`)
      const { said } = await far.start('--count', '2')
      await scene.until(id, { state: 'processing' }, 10_000)
      await scene.begun()
      const before = (await scene.workers()).map((row) => row.id)
      cable.cut()
      scene.go()
      await scene.begun('ledger', 2)
      // Longer than a worker may take to answer its supervisor's pings.
      await pass(17_000)
      expect(await scene.job(id)).to.include({ state: 'processing' })
      cable.mend()
      await scene.until(id, { state: 'completed', runs: 1 }, 12_000)
      const next = await scene.add('true')
      await scene.until(next, { state: 'completed' }, 10_000)
      expect((await scene.workers()).map((row) => row.id)).to.have.members(before)
      expect(said())
        .to.match(/cannot be reached/)
        .and.not.match(/is killed|replaced/)
    },

  'for all hosts at once: holders get time to renew before others take their jobs (R9)': async ({
    scene,
    far,
    cable,
  }) => {
    await scene.store.setConfig({ key: 'lease', value: LEASE })
    const id = await scene.add(LONG_ONCE)
    await far.start()
    await scene.until(id, { state: 'processing' }, 10_000)
    await scene.host('other', { env: { QUEUECTL_DB: cable.through(scene.address) } }).start()
    // By now the other host has been in contact long enough to recover jobs of lost hosts.
    await scene.until(await scene.add('sleep 11', { queue: 'clock' }), { state: 'completed' }, 30_000)
    cable.cut()
    await waitFor(() => scene.lines('ledger').length === 2, { within: LEASE * 1000, what: 'the run is ended' })
    const { lease_expires_at } = await scene.job(id)
    // The server may have executed one renewal whose answer the worker never got.
    await waitFor(() => scene.store.now() > Number(lease_expires_at) + 3_000, {
      within: 25_000,
      what: 'the lease has expired',
    })
    cable.mend()
    await scene.until(id, { state: 'completed' }, 15_000)
    const runs = (await scene.runs(id)).map(({ outcome, cause }) => [outcome, cause])
    // A claim that was sent long before the repair of the cable returns with too little of its lease left, and is
    // released.
    expect(runs.filter(([, cause]) => cause !== 'not started')).to.deep.equal([
      ['released', 'store lost'],
      ['completed', 'completed'],
    ])
    expect(await scene.job(id)).to.include({ attempts: 0, interruptions: 0 })
  },

  'that is longer than the default lease: a longer lease keeps its job (R9)': async ({ scene, far, cable }) => {
    await scene.store.setConfig({ key: 'lease', value: 90 })
    const id = await scene.add('echo start >> ledger; sleep 34; echo end >> ledger')
    await far.start()
    await scene.until(id, { state: 'processing' }, 10_000)
    await scene.begun()
    cable.cut()
    await waitFor(() => scene.lines('ledger').length === 2, { within: 40_000, what: 'the job ends meanwhile' })
    cable.mend()
    await scene.until(id, { state: 'completed', runs: 1 }, 12_000)
  },

  'in which a worker dies: its supervisor ends the job at once, because nobody else could in time (R9)': async ({
    scene,
    far,
    cable,
  }) => {
    const id = await scene.add('echo $$ >> ledger; exec sleep 600')
    await far.start()
    const { identity } = await scene.holder(id)
    await scene.begun()
    // The supervisor knows the pid by its next heartbeat.
    await waitFor(async () => (await scene.workers())[0]?.jobs[0]?.pid, { within: 12_000, what: 'the pid is known' })
    cable.cut()
    killQuietly(identity.pid)
    const pid = Number(scene.lines('ledger')[0])
    await waitFor(() => !lives(pid), { within: 15_000, what: 'the job has ended' })
    expect(await scene.job(id)).to.include({ state: 'processing', runs: 1 })
    cable.mend()
    await scene.until(id, { runs: 2, interruptions: 1, worker_deaths: 1 }, 15_000)
  },

  'in which the supervisor dies: its worker releases jobs whose claim was never answered (R2, R6)': async ({
    scene,
    far,
    cable,
  }) => {
    const id = await scene.add('echo ran >> ledger')
    cable.loseAnswerTo('findAndModify', 1_000)
    const { child } = await far.start()
    await scene.until(id, { state: 'processing' }, 10_000)
    killQuietly(child.pid)
    // A stop does not wait longer for the claim.
    await pass(2_500)
    cable.loseAnswerTo('', 0)
    await scene.until(id, { state: 'pending', runs: 1 }, 9_000)
    expect((await scene.runs(id)).map(({ outcome, cause }) => [outcome, cause])).to.deep.equal([
      ['released', 'not started'],
    ])
    expect(scene.lines('ledger')).to.deep.equal([])
    await waitFor(async () => (await scene.workers()).length === 0, { within: 3_000, what: 'its row is removed' })
  },
}

describe('an unreachable store @posix @slow', function () {
  this.timeout(600_000)
  const stories = Object.entries(STORIES).map(([title, story]) => [title, () => perform(story)])
  tellTogether({ ...SERVER_DEATH, ...Object.fromEntries(stories), ...CABLE, ...SLEEP }, needsMongo)
})

/** Not side by side with others: it measures a bound. */
describe('a stop while the store is unreachable @posix @slow', function () {
  this.timeout(120_000)
  before(needsMongo)

  it('keeps its bound; the next supervisor of that host settles what ended (F16, R5, R8, R9)', () =>
    perform(stopAndGoOn))
})

async function stopAndGoOn({ scene, far, cable }: Place): Promise<void> {
  const id = await scene.add(`echo start >> ledger; ${UNTIL_GO}; echo end >> ledger`)
  const long = await scene.add('echo start >> long; exec sleep 600')
  const { child, ended } = await far.start('--count', '2', '--grace', '4s')
  for (const job of [id, long]) await scene.until(job, { state: 'processing' }, 10_000)
  await scene.begun()
  await scene.begun('long')
  cable.cut()
  scene.go()
  await scene.begun('ledger', 2)
  child.kill('SIGTERM')
  const asked_at = monotonic()
  const { stdout } = await ended
  expect(monotonic() - asked_at).to.be.below(20_000)
  expect(stdout).to.match(/stopped/)
  expect(scene.carriers(), 'processes of jobs').to.deep.equal([])
  cable.mend()
  expect(await scene.job(id)).to.include({ state: 'processing' })
  await far.start()
  await scene.until(id, { state: 'completed', runs: 1 }, 10_000)
  expect(scene.lines('ledger')).to.deep.equal(['start', 'end'])
  await scene.until(long, { state: 'processing', runs: 2 }, 10_000)
  expect((await scene.runs(long)).map(({ outcome, cause }) => [outcome, cause])).to.deep.equal([
    ['released', 'end of grace'],
  ])
}

async function perform(story: (place: Place) => Promise<void>): Promise<undefined> {
  const server = await mongoServer()
  const address = server.url()
  const cable = await openProxy(server.host)
  await inScene({ address }, async (scene) => {
    const far = scene.host('far', { env: { QUEUECTL_DB: cable.through(address) } })
    await story({ scene, far, cable }).finally(() => cable.mend())
  }).finally(() => cable.close())
}
