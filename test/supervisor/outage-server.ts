import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { startServer } from '../helpers/mongo-server.ts'
import type { Telling } from '../helpers/side-by-side.ts'
import { inScene, type Scene } from '../helpers/supervised.ts'
import { tempFolder } from '../helpers/temp.ts'
import { waitFor } from '../helpers/wait-for.ts'

const JOBS = 300
const KILLS = 3
/** Throughput is not under test, and the server may be slow. */
const PATIENCE = 120_000

/** Logs the job, the run, and its start and end. */
const COMMAND =
  'echo "$QUEUECTL_JOB_ID start $QUEUECTL_LEASE" >> ledger; echo "$QUEUECTL_JOB_ID end $QUEUECTL_LEASE" >> ledger'

export const SERVER_DEATH: Record<string, Telling> = {
  [`when it is killed and restarted ${KILLS} times under ${JOBS} jobs: no job is lost, none has two results (F20, R9)`]:
    async () => {
      const folder = tempFolder()
      let server = await startServer({ folder })
      const port = Number(server.host.split(':')[1])
      await inScene({ address: server.url('death') }, async (scene) => {
        const hosts = [scene.host('a'), scene.host('b')]
        await Promise.all(hosts.map((host) => host.start('--count', '2')))
        for (let kill = 1; kill <= KILLS; kill++) {
          await enqueue(scene, (JOBS / KILLS) * (kill - 1), (JOBS / KILLS) * kill)
          const ended = () => scene.lines('ledger').filter((line) => line.includes(' end ')).length
          await waitFor(() => ended() >= (JOBS / (KILLS + 1)) * kill, {
            within: PATIENCE,
            what: `${kill}/4 of the jobs`,
          })
          await server.stop(true)
          server = await startServer({ folder, port })
        }
        await waitFor(async () => (await scene.store.overview()).total.completed === JOBS, {
          within: PATIENCE,
          every: 250,
          what: 'all jobs are completed',
        })
        await agree(scene)
      }).finally(() => server.stop())
      return undefined
    },
}

/**
 * Enqueues jobs `from` to `to` in one call. Not all at once: the stand-in server sorts all waiting jobs again for every
 * claim.
 */
async function enqueue(scene: Scene, from: number, to: number): Promise<void> {
  const jobs = Array.from({ length: to - from }, (_, i) => JSON.stringify({ id: `j${from + i}`, command: COMMAND }))
  writeFileSync(path.join(scene.home, 'jobs.ndjson'), jobs.join('\n'))
  expect((await scene.run('enqueue', '--file', 'jobs.ndjson')).code).to.equal(0)
}

/** Compares the jobs' own ledger with the store’s run history. */
async function agree(scene: Scene): Promise<void> {
  const lines = scene.lines('ledger').map((line) => line.split(' '))
  for (let i = 0; i < JOBS; i++) {
    const id = `j${i}`
    const runs = await scene.runs(id)
    const tokens = (what: string) =>
      lines.filter(([job, kind]) => job === id && kind === what).map(([, , token]) => token)
    expect(
      runs.filter(({ outcome }) => outcome === 'completed'),
      `results of ${id}`,
    ).to.have.length(1)
    expect((await scene.job(id)).runs, `runs of ${id}`).to.equal(runs.length)
    expect(tokens('end'), `the final run of ${id}`).to.include(runs.at(-1)?.token)
    // Every run that started is recorded.
    expect(runs.map(({ token }) => token)).to.include.members(tokens('start'))
  }
}
