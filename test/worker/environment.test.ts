import { expect } from 'chai'
import { newToken } from '../../src/domain/ids.ts'
import { hostId } from '../../src/platform/host.ts'
import { inheritedEnvironment, jobEnvironment, workingFolder } from '../../src/worker/environment.ts'
import { job } from '../helpers/runs.ts'

describe('the environment of a job @posix', () => {
  const token = newToken()
  const environment = (base: NodeJS.ProcessEnv, store_address = '/data/queue.db', fields = {}, pass_store = false) =>
    jobEnvironment({
      inherited: inheritedEnvironment(base, store_address),
      job: job(fields),
      token,
      store_address,
      pass_store,
    })
  const KNOWN = { QUEUECTL_JOB_ID: 'job1', QUEUECTL_RUN: '1', QUEUECTL_ATTEMPT: '1', QUEUECTL_LEASE: token }

  it('is its supervisor’s, without the private variables of queuectl, Node and the packager', () => {
    const base = {
      PATH: '/bin',
      LANG: '',
      NODE_OPTIONS: '--x',
      NODE_CHANNEL_FD: '3',
      NODE_CHANNEL_SERIALIZATION_MODE: 'json',
      NODE_UNIQUE_ID: '1',
      PKG_EXECPATH: '/x',
      QUEUECTL_WORKER: '{}',
      QUEUECTL_LEASE: 'of another run',
      QUEUECTL_HOME: '/h',
      gone: undefined,
    }
    expect(environment(base)).to.deep.equal({
      PATH: '/bin',
      LANG: '',
      NODE_OPTIONS: '--x',
      ...KNOWN,
      QUEUECTL_DB: '/data/queue.db',
    })
  })

  it('adds the job’s own variables, which cannot hide those of the run', () => {
    const env = { PATH: '/opt', MINE: 'a=b', QUEUECTL_LEASE: 'none' }
    expect(environment({ PATH: '/bin' }, '/q.db', { env })).to.include({
      PATH: '/opt',
      MINE: 'a=b',
      QUEUECTL_LEASE: token,
    })
  })

  it('has the number of the run, and of the attempt (failures + 1)', () => {
    expect(environment({}, '/q.db', { runs: 7, attempts: 2 })).to.include({ QUEUECTL_RUN: '7', QUEUECTL_ATTEMPT: '3' })
  })

  for (const secret of [
    'mongodb://user:pa%40ss@one,two/jobs',
    'mongodb+srv://user:pass@cluster.example/jobs?retryWrites=true',
    'mongodb://one/jobs?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:abc',
    'mongodb://one/jobs?tls=true&tlsCertificateKeyFilePassword=abc',
  ]) {
    it(`withholds a store’s address that holds a secret, and marks that: ${secret} (S3)`, () => {
      const env = environment({ MONGODB_URI: secret }, secret)
      expect(env).to.deep.equal({ ...KNOWN, QUEUECTL_DB_WITHHELD: '1' })
      expect(environment({}, secret, {}, true)).to.deep.equal({ ...KNOWN, QUEUECTL_DB: secret })
    })
  }

  for (const address of [
    '/data/q:1@home.db',
    'mongodb://one:27017,two:27018/jobs?replicaSet=rs',
    'mongodb://user@one/jobs',
  ]) {
    it(`contains an address without a secret: ${address}`, () => {
      expect(environment({}, address)).to.deep.equal({ ...KNOWN, QUEUECTL_DB: address })
    })
  }

  it('keeps a MONGODB_URI of another database, and drops one of our own store, with any credentials', () => {
    const store = 'mongodb://user:pass@one/jobs'
    expect(environment({ MONGODB_URI: 'mongodb://app:other@one/jobs?w=1' }, store)).to.not.have.property('MONGODB_URI')
    expect(environment({ MONGODB_URI: 'mongodb://one/shop' }, store)).to.have.property('MONGODB_URI')
    expect(environment({ MONGODB_URI: 'mongodb://two/jobs' }, store)).to.have.property('MONGODB_URI')
    expect(environment({ MONGODB_URI: 'mongodb://one/jobs' }, '/q.db')).to.have.property('MONGODB_URI')
  })
})

describe('the folder of a job @posix', () => {
  const origin = { origin_cwd: '/from', origin_host: hostId() }

  it('is its cwd, on any host', () => {
    expect(workingFolder(job({ cwd: '/given', ...origin }), '/supervisor')).to.equal('/given')
    expect(workingFolder(job({ cwd: '/given', ...origin, origin_host: 'other' }), '/supervisor')).to.equal('/given')
  })

  it('else is the folder where it was enqueued, on that host', () => {
    expect(workingFolder(job(origin), '/supervisor')).to.equal('/from')
    expect(workingFolder(job({ ...origin, origin_host: null }), '/supervisor')).to.equal('/from')
    expect(workingFolder(job({ ...origin, origin_host: 'other' }), '/supervisor')).to.equal('/supervisor')
  })

  it('else is its supervisor’s folder', () => {
    expect(workingFolder(job(), '/supervisor')).to.equal('/supervisor')
  })
})
