import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { startServer } from '../helpers/mongo-server.ts'
import { type NetworkHost, openNetwork } from '../helpers/network.ts'
import type { Telling } from '../helpers/side-by-side.ts'
import { type Host, inScene, type Scene } from '../helpers/supervised.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Seconds; the shortest lease that can be set. */
const LEASE = 20

/** Two hosts and the server, each with its own address; one of the cables is cut. */
export const CABLE: Record<string, Telling> = {
  'for one host whose cable is cut: as above, on real networks, with one stop for both at the end (F24, R8, R9)':
    async () => {
      const network = openNetwork()
      if (network === null) return 'needs Linux, root and iproute2'
      const place = network.host('s')
      const server = await startServer({ place })
      const [a, b] = [network.host('a'), network.host('b')]
      try {
        await inScene({ address: `${server.url('hosts')}?directConnection=true` }, (scene) => {
          const hostOf = (id: string, { through }: { through: readonly string[] }) => scene.host(id, { through })
          const hosts = { a: hostOf('a', a), b: hostOf('b', b) }
          return perform(scene, hosts, b).finally(() => b.mend())
        })
      } finally {
        await server.stop()
        network.close()
      }
      return undefined
    },
}

/** Runs until SIGTERM, and logs it; a second run ends at once. All hosts here have the same clock. */
const COMMAND = `f="ledger-$QUEUECTL_JOB_ID"; note() { read -r up _ < /proc/uptime; echo "$1 $up" >> "$f"; }
  test -e "$f" && { note start; exit 0; }
  note start; trap 'note term; exit 0' TERM
  until test -e "go-$QUEUECTL_JOB_ID"; do sleep 0.1; done`

async function perform(scene: Scene, { a, b }: { a: Host; b: Host }, cable: NetworkHost): Promise<void> {
  await scene.store.setConfig({ key: 'lease', value: LEASE })
  const supervisors = await Promise.all([a.start(), b.start()])

  // Jobs are enqueued on one host and run on both.
  for (const id of ['one', 'two']) expect((await a.run('enqueue', '--id', id, '--', COMMAND)).code).to.equal(0)
  const holders = new Map<string, string>()
  for (const id of ['one', 'two']) holders.set((await scene.holder(id)).identity.host_id, id)
  const [there = '', here = ''] = [holders.get('b'), holders.get('a')]
  expect([here, there]).to.have.members(['one', 'two'])
  writeFileSync(path.join(scene.home, `go-${here}`), '')
  await scene.until(here, { state: 'completed' }, 10_000)
  await waitFor(() => scene.lines(`ledger-${there}`).length === 1, {
    within: 10_000,
    what: 'the job on the other host runs',
  })

  cable.cut()
  await scene.until(there, { state: 'completed', runs: 2 }, (LEASE + 20) * 1000)
  const ledger = scene.lines(`ledger-${there}`).map((line) => line.split(' '))
  expect(ledger.map(([what]) => what)).to.deep.equal(['start', 'term', 'start'])
  const [, term = 0, again = 0] = ledger.map(([, at]) => Number(at))
  expect(again - term, 'seconds from the end on one host to the start on the other').to.be.above(5)

  cable.mend()
  await waitFor(() => /lost its lease/.test(supervisors[1].said()), {
    within: 25_000,
    what: async () => `the other host reports the loss: ${supervisors[1].said()}`,
  })
  await waitFor(() => b.journalFiles().length === 0, { within: 20_000, what: 'its journal is empty' })
  expect(await scene.job(there)).to.include({ state: 'completed', runs: 2, attempts: 0, interruptions: 1 })
  expect((await scene.runs(there)).map(({ outcome, cause }) => [outcome, cause])).to.deep.equal([
    ['interrupted', 'host lost'],
    ['completed', 'completed'],
  ])

  const { code, stdout } = await a.run('worker', 'stop')
  expect([code, stdout.match(/stopped supervisor/g)?.length]).to.deep.equal([0, 2])
  expect((await Promise.all(supervisors.map(({ ended }) => ended))).map((end) => end.code)).to.deep.equal([0, 0])
}
