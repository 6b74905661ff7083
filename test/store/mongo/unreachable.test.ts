import { createServer, type Server } from 'node:net'
import { expect } from 'chai'
import { openStore } from '../../../src/store/open.ts'
import { newJob, refusal } from '../../contract/kit.ts'
import { mongoServer, needsMongo } from '../../helpers/mongo-server.ts'
import { openProxy } from '../../helpers/tcp-proxy.ts'

const open = (address: string) => openStore({ address, role: 'command', data_folder: '/none', is_alive: () => false })

/** A command may take 5.5 s in all, without the program's start; the rest is for a busy machine. */
const BOUND_MS = 10_000

describe('a MongoDB server out of reach @posix', function () {
  this.timeout(60_000)
  async function refusedInTime(call: () => Promise<unknown>, host: string): Promise<void> {
    const since = performance.now()
    const error = await refusal(call())
    expect(performance.now() - since).to.be.below(BOUND_MS)
    expect(error).to.include({ code: 'unreachable', exit_code: 69 })
    expect(error.message).to.contain(host)
    expect(`${error.message} ${error.hint} ${error.stack}`).to.not.contain('s3cret')
  }

  it('is named in time, without the password: nothing listens there', async () => {
    const port = await portOf(createServer(), true)
    await refusedInTime(() => open(`mongodb://me:s3cret@127.0.0.1:${port}/x`), `127.0.0.1:${port}`)
  })

  it('is named in time: it listens and never answers (F23) @slow', async () => {
    const silent = createServer(() => {})
    const port = await portOf(silent, false)
    await refusedInTime(() => open(`mongodb://me:s3cret@127.0.0.1:${port}/x`), `127.0.0.1:${port}`)
    silent.close()
  })

  it('is named in time: the host does not exist', async () => {
    await refusedInTime(() => open('mongodb://me:s3cret@nobody.invalid/x'), 'nobody.invalid')
  })

  describe('after it could be reached', () => {
    before(needsMongo)

    it('is named in time: it stops answering (F23) @slow', async () => {
      const server = await mongoServer()
      const proxy = await openProxy(server.host)
      const store = await open(proxy.through(server.url()))
      proxy.mute()
      await refusedInTime(() => store.insert({ jobs: [newJob()] }), proxy.host)
      await store.close()
      await proxy.close()
    })
  })
})

async function portOf(server: Server, closed: boolean): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  if (closed) await new Promise((resolve) => server.close(resolve))
  return port
}
