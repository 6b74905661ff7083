import { expect } from 'chai'
import mongoose from 'mongoose'
import { failPoint } from '../helpers/fail-point.ts'
import { needsMongo, startServer } from '../helpers/mongo-server.ts'
import { skip } from '../helpers/skip.ts'
import { inScene, UNTIL_GO } from '../helpers/supervised.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** UnknownError: neither ours nor transient. */
const STRANGE = 8
const COMMANDS = ['find', 'findAndModify', 'update', 'insert', 'delete', 'aggregate', 'distinct']

describe('supervisors and workers whose store answers with an unknown error @slow @posix', function () {
  this.timeout(120_000)
  before(needsMongo)

  it('neither die nor lose a result: they try again until it stops (R13)', async function () {
    const server = await startServer()
    const raw = await mongoose.createConnection(server.url('admin')).asPromise()
    const fail = (mode: string) => failPoint(raw, mode, { failCommands: COMMANDS, errorCode: STRANGE })
    try {
      await fail('off').catch(() => skip(this, 'no fail points'))
      await inScene({ address: server.url('strange') }, async (scene) => {
        const running = await scene.start('--count', '2')
        const before = await scene.workers()
        const id = await scene.add(`echo begun >> ledger; ${UNTIL_GO}`, { max_retries: 3 })
        await scene.begun()
        await fail('alwaysOn')
        scene.go()
        const output = () => running.said() + running.warned()
        for (const trouble of ['cannot claim', `cannot record the result of job ${id}`])
          await waitFor(() => output().includes(trouble), { within: 20_000, what: trouble })
        await fail('off')
        expect(await scene.until(id, { state: 'completed' }, 20_000)).to.include({ runs: 1, attempts: 0 })
        const next = await scene.add('true')
        await scene.until(next, { state: 'completed' }, 20_000)
        expect((await scene.workers()).map(({ identity }) => identity.pid)).to.have.members(
          before.map(({ identity }) => identity.pid),
        )
        expect((await scene.supervisors()).map(({ restarts }) => restarts)).to.deep.equal([0])
        expect((await scene.run('worker', 'stop')).code).to.equal(0)
        expect((await running.ended).code).to.equal(0)
      })
    } finally {
      await fail('off').catch(() => {})
      await raw.close()
      await server.stop()
    }
  })
})
