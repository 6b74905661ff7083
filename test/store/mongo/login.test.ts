import { expect } from 'chai'
import { openStore } from '../../../src/store/open.ts'
import { newJob, put, refusal } from '../../contract/kit.ts'
import { type LoginServer, startLoginServer } from '../../helpers/mongo-login.ts'

const open = (address: string) => openStore({ address, role: 'command', data_folder: '/none', is_alive: () => false })

describe('a MongoDB server that wants a login @posix', function () {
  this.timeout(60_000)
  let server: LoginServer
  before(async function () {
    const on = (role: string) => [{ role, db: 'jobs' }]
    server = await startLoginServer(this, { writer: on('readWrite'), reader: on('read') })
  })
  after(() => server?.stop())

  async function refused(call: Promise<unknown>): Promise<string> {
    const error = await refusal(call)
    expect(error).to.include({ code: 'configuration', exit_code: 78 })
    const text = `${error.message} ${error.hint} ${error.stack} ${JSON.stringify(error)}`
    expect(text).to.not.match(/s3cret|wr0ng/)
    return text
  }

  it('lets a user with readWrite do everything', async () => {
    const store = await open(server.as('writer', 'jobs'))
    expect(store.info.label).to.equal(`mongodb://writer@${server.host}/jobs`)
    await put(store, ['a'])
    await store.close()
  })

  it('refuses a wrong password, and nobody learns which (S2)', async () => {
    expect(await refused(open(server.as('writer', 'jobs', 'wr0ng')))).to.contain(server.host)
  })

  it('refuses a missing login, which is told', async () => {
    expect(await refused(open(`mongodb://${server.host}/jobs`))).to.contain('wants a user')
  })

  it('shows the queue to a user who may only read, and says what is missing when it is to be changed', async () => {
    const store = await open(server.as('reader', 'jobs'))
    expect((await store.overview()).total.ready).to.equal(1)
    expect(await refused(store.insert({ jobs: [newJob()] }))).to.contain('readWrite')
    await store.close()
  })

  it('refuses another database than the user’s', async () => {
    expect(await refused(open(server.as('writer', 'others')))).to.contain('"others"')
  })

  // This server is no replica set, so it has no change streams.
  it('needs no change streams', async () => {
    const store = await open(server.as('writer', 'jobs'))
    const watch = store.watch({ on_change: () => {} })
    await put(store, ['b'])
    expect((await store.overview()).total.ready).to.equal(2)
    watch.close()
    await store.close()
  })
})
