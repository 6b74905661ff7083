import { expect } from 'chai'
import { HAS_PROC, killQuietly, lives } from '../helpers/processes.ts'
import { skip } from '../helpers/skip.ts'
import { type Running, Scene } from '../helpers/supervised.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Has children that would outlive it, records their pids, and reports live processes of earlier runs. */
const WARY = `
  for pid in $(cat "pids-$QUEUECTL_JOB_ID" 2>/dev/null); do
    grep -q '^State:.[RSDT]' "/proc/$pid/status" 2>/dev/null && echo "$QUEUECTL_JOB_ID $pid" >> doubles
  done
  sleep 0.7 & one=$!
  setsid sleep 0.8 & two=$!
  echo "$$ $one $two" >> "pids-$QUEUECTL_JOB_ID"
  wait`

describe('after any mix of kills @posix @slow', function () {
  this.timeout(180_000)
  let scene: Scene
  const ids: string[] = []
  const add = () => scene.add(WARY, { max_interruptions: 100 })
  beforeEach(async () => {
    scene = await Scene.open()
  })
  afterEach(() => scene.finish())

  before(function () {
    if (!HAS_PROC) skip(this, 'no /proc')
  })

  it('a job never has two live copies, has one result, and its run history agrees with its counters (R1, R4)', async () => {
    ids.push(...(await Promise.all(Array.from({ length: 16 }, add))))
    let [one, other] = await Promise.all([scene.start('--count', '2'), scene.start('--count', '2')])

    await killWorkers((await scene.supervisors()).find((row) => row.identity.pid === one.child.pid)?.id)
    await killSupervisor(one)
    one = await scene.start('--count', '2')
    await killWorkers()
    await killSupervisor(other)
    await killWorkers()
    await killSupervisor(one)
    other = await scene.start('--count', '4')
    await killWorkers()

    for (const id of ids) await scene.until(id, { state: 'completed' }, 20_000)
    expect(scene.lines('doubles')).to.deep.equal([])
    for (const id of ids) {
      const outcomes = (await scene.runs(id)).map(({ outcome }) => outcome)
      const { runs, attempts, interruptions } = await scene.job(id)
      expect(outcomes, id).to.have.length(runs)
      expect(outcomes.filter((outcome) => outcome === 'completed')).to.deep.equal(['completed'])
      expect(outcomes.filter((outcome) => outcome === 'interrupted')).to.have.length(interruptions)
      expect(attempts).to.equal(0)
    }
  })

  /**
   * Kills the workers of a supervisor (undefined: of all) as soon as one is busy. Adds jobs if none is ready, in case
   * the earlier starts took so long that all are done.
   */
  async function killWorkers(supervisor_id?: string): Promise<void> {
    const pids = await waitFor(
      async () => {
        if ((await scene.store.overview()).total.ready === 0) ids.push(await add())
        const owners = new Set((await scene.store.processing()).map(({ processing_by }) => processing_by))
        const rows = await scene.workers()
        const its = rows.filter((row) => supervisor_id === undefined || row.supervisor_id === supervisor_id)
        return its.some(({ id }) => owners.has(id)) ? its.map(({ identity }) => identity.pid) : null
      },
      { within: 10_000, what: 'a worker is busy' },
    )
    for (const pid of pids) killQuietly(pid)
  }

  async function killSupervisor({ child }: Running): Promise<void> {
    child.kill('SIGKILL')
    await waitFor(() => !lives(child.pid), { within: 2_000, what: 'the supervisor is dead' })
  }
})
