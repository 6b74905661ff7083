import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { Connection } from '../../src/store/sqlite/connection.ts'
import { migrate } from '../../src/store/sqlite/migrate.ts'
import { MIGRATIONS } from '../../src/store/sqlite/schema.ts'
import { type Certificates, makeCertificates } from '../helpers/certificates.ts'
import { openCompressingProxy } from '../helpers/compressing-proxy.ts'
import { type LoginServer, startLoginServer, tlsOptions } from '../helpers/mongo-login.ts'
import { mongoServer, needsMongo } from '../helpers/mongo-server.ts'
import { collect } from '../helpers/queuectl.ts'
import { skip } from '../helpers/skip.ts'
import { executable, HOST } from './executables.ts'
import { Sandbox } from './sandbox.ts'

describe('the executable and its stores', function () {
  this.timeout(120_000)
  this.slow(10_000)
  let sandbox: Sandbox
  let file: string

  before(function () {
    this.timeout(900_000)
    if (HOST === undefined) skip(this, 'no executable for this system')
    executable(HOST)
  })
  beforeEach(() => {
    sandbox = new Sandbox()
    file = path.join(sandbox.folder, 'queue.db')
  })
  afterEach(() => sandbox.end())

  /** What another version of queuectl, which knows these migrations, makes of the file. */
  async function otherVersion(migrations: readonly string[]): Promise<unknown> {
    const db = new Connection(file, 'command')
    await db.configure()
    try {
      return await migrate(db, () => true, migrations)
    } catch (error) {
      return (error as { exit_code?: number }).exit_code
    } finally {
      db.close()
    }
  }

  it('upgrades the file of an older version with its jobs', async () => {
    await otherVersion(MIGRATIONS.slice(0, 1))
    const db = new DatabaseSync(file)
    db.exec(`INSERT INTO jobs (id, command, queue, priority, max_retries, max_interruptions, backoff_base, backoff_max,
      insert_token, state, ready, next_run_at, created_at, updated_at)
      VALUES ('old', 'echo still here', 'default', 0, 3, 3, 2, 60, 't', 'pending', 1, 0, 0, 0)`)
    db.close()
    sandbox.drain()
    expect(sandbox.ok('logs', 'old')).to.equal('still here\n')
  })

  it('keeps a newer version from the file while it works on it (R12), and refuses it afterwards, exit 78', async () => {
    const newer = [...MIGRATIONS, 'ALTER TABLE jobs ADD COLUMN later TEXT']
    sandbox.ok('enqueue', '--', 'true')
    const child = sandbox.start('worker', 'start')
    await sandbox.worker((row) => row.state === 'idle')
    expect(await otherVersion(newer), 'exit code of the newer one').to.equal(75)
    expect(await sandbox.interrupt(child, 'SIGTERM')).to.equal(0)
    expect(await otherVersion(newer)).to.equal(newer.length)
    for (const args of [['status'], ['enqueue', '--', 'true'], ['worker', 'start', '--drain']]) {
      const { code, stdout, stderr } = sandbox.run(...args)
      expect({ code, stdout }, args.join(' ')).to.deep.equal({ code: 78, stdout: '' })
      expect(stderr).to.contain(`version ${newer.length}`).and.to.contain('newer queuectl')
    }
  })

  describe('with MongoDB', () => {
    before(needsMongo)

    it('stores jobs and runs them: the driver is in the file', async () => {
      sandbox.env.QUEUECTL_DB = (await mongoServer()).url()
      sandbox.ok('enqueue', '--id', 'one', '--', 'echo from $QUEUECTL_JOB_ID')
      const { stdout } = sandbox.run('enqueue', '-', { input: 'echo two\n{"command":"exit 3","max_retries":0}\n' })
      const [two = '', three = ''] = stdout.split('\n')
      const ran = sandbox.run('worker', 'start', '--count', '2', '--drain', '--timeout', '50s')
      expect(ran.code, ran.stderr).to.equal(1)
      expect(sandbox.ok('logs', 'one')).to.equal('from one\n')
      expect(sandbox.json('show', two).state).to.equal('completed')
      expect(sandbox.json('show', three).state).to.equal('dead')
      expect(sandbox.json('worker', 'list')).to.deep.equal([])
    })

    for (const compressor of ['zstd', 'zlib'] as const) {
      it(`compresses by ${compressor}`, async () => {
        const server = await mongoServer()
        const proxy = await openCompressingProxy(server.host, compressor)
        const url = new URL(server.url().replace(server.host, proxy.host))
        url.searchParams.set('directConnection', 'true')
        url.searchParams.set('compressors', compressor)
        sandbox.env.QUEUECTL_DB = url.href
        try {
          const { code, stdout, stderr } = await collect(sandbox.start('enqueue', '--', 'true'))
          expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
          expect(JSON.parse((await collect(sandbox.start('show', stdout.trim(), '--json'))).stdout).state).to.equal(
            'pending',
          )
          expect(proxy.heard()).to.be.above(5)
        } finally {
          await proxy.close()
        }
      })
    }
  })

  describe('with a MongoDB server that wants TLS, a client’s certificate and a login', () => {
    let certificates: Certificates
    let server: LoginServer
    /** With every password, and without. */
    let url: string
    let anonymous: string
    before(async function () {
      const made = makeCertificates()
      if (made === null) skip(this, 'no openssl')
      certificates = made
      server = await startLoginServer(this, { me: [{ role: 'readWrite', db: 'jobs' }] }, certificates)
      url = `${server.as('me', 'jobs')}&${tlsOptions(certificates)}`
      anonymous = `mongodb://${server.host}/jobs?${tlsOptions(certificates)}`
    })
    after(() => server?.stop())

    /** What `enqueue` says of an address that does not do. */
    const refused = (address: string) => {
      const { code, stdout, stderr } = sandbox.run('--db', address, 'enqueue', '--', 'true')
      expect(stdout).to.equal('')
      expect(stderr).to.not.match(/s3cret|k3y|wr0ng|install/i)
      return { code, stderr }
    }

    it('works with it by each login that it offers', () => {
      sandbox.ok('--db', `${url}&authMechanism=SCRAM-SHA-256`, 'enqueue', '--id', 'one', '--', 'echo done')
      sandbox.ok('--db', `${url}&authMechanism=SCRAM-SHA-1`, 'enqueue', '--id', 'two', '--', 'true')
      sandbox.env.QUEUECTL_DB = `${anonymous}&authMechanism=MONGODB-X509`
      sandbox.drain()
      expect(sandbox.ok('logs', 'one')).to.equal('done\n')
      expect(sandbox.json('show', 'two').state).to.equal('completed')
    })

    it('does not trust a server whose authority it does not know, unless it is told to', () => {
      const strange = url.replace(/&tlsCAFile=[^&]*/, '')
      expect(refused(strange)).to.have.property('code', 69)
      sandbox.ok('--db', `${strange}&tlsInsecure=true`, 'enqueue', '--', 'true')
    })

    it('says what is wrong with login, key and files, and no password (S2)', () => {
      const { code, stderr } = refused(`${server.as('me', 'jobs', 'wr0ng')}&${tlsOptions(certificates)}`)
      expect(code, 'login').to.equal(78)
      expect(stderr).to.contain(`MongoDB at ${server.host} refuses the user or the password`)
      expect(refused(`${server.as('me', 'jobs')}&${tlsOptions(certificates, 'wr0ng')}`).code, 'key').to.equal(78)
      expect(refused(url.replace(/tlsCAFile=[^&]*/, 'tlsCAFile=nowhere.pem')).code, 'file').to.equal(78)
      expect(refused(url.replace(/&tlsCertificateKeyFile\w*=[^&]*/g, '')).code, 'no certificate').to.equal(69)
    })
  })

  it('says what it cannot reach, exit 69', () => {
    const { code, stderr } = sandbox.run('--db', 'mongodb://127.0.0.1:9/none', 'status', '--json')
    expect(code).to.equal(69)
    expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error.code).to.equal('unreachable')
  })

  it('uses the SQLite inside, whatever the machine has', () => {
    sandbox.ok('enqueue', '--', 'true')
    const { sqlite } = sandbox.json('version')
    const own = spawnSync(process.execPath, ['-p', 'process.versions.sqlite'], { encoding: 'utf8' }).stdout.trim()
    expect(sqlite).to.equal(own)
  })
})
