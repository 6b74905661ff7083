import { expect } from 'chai'
import { mongoServer } from '../helpers/mongo-server.ts'
import { HAS_PROC, killQuietly, lives } from '../helpers/processes.ts'
import type { Telling } from '../helpers/side-by-side.ts'
import { inScene, type Scene } from '../helpers/supervised.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Seconds; the shortest lease that can be set. */
const LEASE = 20

/** Each host gets its own pid namespace: on one machine it could otherwise see the processes of the others. */
const UNSHARE = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']

/** A host sleeps with all its processes while the store goes on. */
export const SLEEP: Record<string, Telling> = {
  'for a host that sleeps longer than its leases: its job runs elsewhere, and when it wakes it ends its own run first (F26, R9)':
    async () => {
      if (!HAS_PROC || process.getuid?.() !== 0) return 'needs Linux and root'
      await inScene({ address: (await mongoServer()).url() }, perform)
      return undefined
    },
}

async function perform(scene: Scene): Promise<void> {
  await scene.store.setConfig({ key: 'lease', value: LEASE })
  // The first run would log its end if it ever got there.
  const id = await scene.add(
    'echo $$ >> ledger; test $QUEUECTL_RUN = 2 || sleep 601; echo "end $QUEUECTL_RUN" >> ledger',
  )
  const sleeper = await scene.host('sleeper').start()
  const { identity } = await scene.holder(id)
  await waitFor(() => scene.lines('ledger').length === 1, { within: 10_000, what: 'the job runs' })
  const [job = 0] = scene.lines('ledger').map(Number)
  const all = [sleeper.child.pid, identity.pid, -job]
  await scene.host('other', { through: UNSHARE }).start()

  for (const pid of all) killQuietly(pid, 'SIGSTOP')
  try {
    await scene.until(id, { state: 'completed', runs: 2 }, (LEASE + 20) * 1000)
    expect(lives(job), 'the job sleeps with its host').to.equal(true)
  } finally {
    for (const pid of all) killQuietly(pid, 'SIGCONT')
  }
  await waitFor(() => !lives(job), { within: 2_000, what: 'the run is ended after the wake' })
  await waitFor(() => /lost its lease/.test(sleeper.said()), {
    within: 15_000,
    what: 'the sleeping host reports the loss',
  })
  expect(scene.lines('ledger')).to.have.length(3)
  expect(scene.lines('ledger').at(-1)).to.equal('end 2')
  expect((await scene.runs(id)).map(({ outcome, cause }) => [outcome, cause])).to.deep.equal([
    ['interrupted', 'host lost'],
    ['completed', 'completed'],
  ])
}
