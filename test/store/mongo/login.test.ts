import { expect } from 'chai'
import { openStore } from '../../../src/store/open.ts'
import { newJob, put, refusal } from '../../contract/kit.ts'
import { type Certificates, makeCertificates } from '../../helpers/certificates.ts'
import { type LoginServer, startLoginServer, tlsOptions } from '../../helpers/mongo-login.ts'
import { queuectl } from '../../helpers/queuectl.ts'
import { skip } from '../../helpers/skip.ts'
import { tempFolder } from '../../helpers/temp.ts'

const open = (address: string) => openStore({ address, role: 'command', data_folder: '/none', is_alive: () => false })

describe('a MongoDB server that requires a login @posix', function () {
  this.timeout(120_000)
  let server: LoginServer
  before(async function () {
    const on = (role: string) => ['jobs', 'queue'].map((db) => ({ role, db }))
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

  it('refuses a wrong password, without showing it (S2)', async () => {
    expect(await refused(open(server.as('writer', 'jobs', 'wr0ng')))).to.contain(server.host)
  })

  it('refuses a missing login, and the error names it', async () => {
    expect(await refused(open(`mongodb://${server.host}/jobs`))).to.contain('requires a user')
  })

  it('shows the queue to a user that may only read, and names the missing right for a change', async () => {
    const store = await open(server.as('reader', 'jobs'))
    expect((await store.overview()).total.ready).to.equal(1)
    expect(await refused(store.insert({ jobs: [newJob()] }))).to.contain('readWrite')
    await store.close()
  })

  it('lets a user with readWrite run a queue, and a user with read see all of it @slow', async () => {
    const home = tempFolder()
    const as = (user: string, ...args: string[]) =>
      queuectl(args, { env: { QUEUECTL_HOME: home, QUEUECTL_DB: server.as(user, 'queue') } })
    const init = await as('writer', 'init')
    expect(init).to.include({ code: 0, stderr: '' })
    expect(await as('writer', 'enqueue', '--id', 'r', '--', 'echo hello')).to.include({ code: 0 })
    expect(await as('writer', 'worker', 'start', '--drain')).to.include({ code: 0 })
    const reads: [string, RegExp][] = [
      ['status', /Completed +[1-9]/],
      ['list', /\br\b/],
      ['show r', /echo hello/],
      ['logs r', /^hello\n$/],
      ['wait r', /^/],
      ['dlq list', /^/],
      ['worker list', /^/],
      ['config list', /max_retries/],
      ['audit', /balance|Starts/],
      ['doctor', /engine +not tested: this user may only read\n(?:.*\n)*0 problems/],
    ]
    // One after the other: each logs in, which is slow on the server.
    for (const [line, expected] of reads) {
      const { code, stdout, stderr } = await as('reader', ...line.split(' '))
      expect(code, `${line}: ${stderr}`).to.equal(0)
      expect(stdout, line).to.match(expected)
    }
    const tried = await as('writer', 'doctor', '--fix')
    expect(tried.stdout).to.match(/engine +supports what queuectl needs/)
    const cancel = await as('reader', 'cancel', 'r')
    expect(cancel.code).to.equal(78)
    expect(cancel.stderr).to.match(/give it the role readWrite on the database "queue"\n$/)
  })

  it('refuses a database that the user has no rights on', async () => {
    expect(await refused(open(server.as('writer', 'others')))).to.contain('"others"')
  })

  // This server is not a replica set, so it has no change streams.
  it('needs no change streams', async () => {
    const store = await open(server.as('writer', 'jobs'))
    const watch = store.watch({ on_change: () => {} })
    await put(store, ['b'])
    expect((await store.overview()).total.ready).to.equal(2)
    watch.close()
    await store.close()
  })
})

describe('a MongoDB server that requires TLS and a client certificate @posix @slow', function () {
  this.timeout(60_000)
  let certificates: Certificates
  let server: LoginServer
  before(async function () {
    const made = makeCertificates()
    if (made === null) skip(this, 'no openssl')
    certificates = made
    server = await startLoginServer(this, { writer: [{ role: 'readWrite', db: 'jobs' }] }, certificates)
  })
  after(() => server?.stop())

  for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'MONGODB-X509']) {
    it(`accepts a client with a certificate that logs in by ${mechanism}`, async () => {
      const url = mechanism === 'MONGODB-X509' ? `mongodb://${server.host}/jobs?` : `${server.as('writer', 'jobs')}&`
      const store = await open(`${url}authMechanism=${mechanism}&${tlsOptions(certificates)}`)
      await put(store, [mechanism])
      await store.close()
    })
  }

  it('never shows the password of the key (S2)', async () => {
    const error = await refusal(open(`${server.as('writer', 'jobs')}&${tlsOptions(certificates, 'wr0ng')}`))
    expect(error).to.include({ code: 'configuration', exit_code: 78 })
    expect(`${error.message} ${error.hint} ${error.stack}`).to.not.match(/wr0ng|s3cret/)
  })

  it('refuses a client without one', async () => {
    const { ca } = certificates
    const error = await refusal(
      open(`${server.as('writer', 'jobs')}&tls=true&${new URLSearchParams({ tlsCAFile: ca })}`),
    )
    expect(error).to.include({ code: 'unreachable', exit_code: 69 })
  })
})
