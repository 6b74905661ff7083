import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import type { Command } from 'commander'
import mongoose from 'mongoose'
import { Context } from '../../src/cli/context.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { type LoginServer, PASSWORD, startLoginServer } from '../helpers/mongo-login.ts'
import { HAS_PROC } from '../helpers/processes.ts'
import { type Ended, freshQueue, queuectl } from '../helpers/queuectl.ts'
import { skip } from '../helpers/skip.ts'
import { inScene } from '../helpers/supervised.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Every form of the password. */
const FORMS = /s3cret/
const AT_ONCE = 4

/** Arguments of each command, by its name. The test fails for a command that is missing here. */
const WORDS: Record<string, readonly string[]> = {
  enqueue: ['--', 'true'],
  'worker stop': [],
  'worker scale': ['2'],
  'worker list': [],
  status: ['--by-queue'],
  list: [],
  show: ['a'],
  logs: ['a'],
  wait: ['a', '--timeout', '1ms'],
  cancel: ['nobody'],
  requeue: ['nobody'],
  promote: ['nobody'],
  purge: ['--state', 'completed', '--yes'],
  'dlq list': [],
  'dlq show': ['nobody'],
  'dlq retry': ['nobody'],
  'dlq purge': ['--yes'],
  'config list': [],
  'config get': ['grace'],
  'config set': ['grace', '5s'],
  'config unset': ['grace'],
  init: [],
  completion: ['bash'],
  version: [],
  licenses: [],
  help: [],
  demo: [],
  audit: [],
  backup: ['copy.db'],
  restore: ['copy.db', '--yes'],
  doctor: [],
  // Exits by itself after a complete start and stop.
  'worker start': ['--drain', '--timeout', '1s'],
}

describe('the password of a store (S2) @posix', function () {
  this.timeout(120_000)
  let server: LoginServer
  let url = ''
  before(async function () {
    server = await startLoginServer(this, { me: [{ role: 'readWrite', db: 'jobs' }] })
    url = server.as('me', 'jobs')
    expect(PASSWORD).to.match(FORMS)
    expect(url).to.match(FORMS)
  })
  after(() => server?.stop())

  /** Runs the commands (default: all) with the store's address as `--db` or from `env`, and returns their results. */
  async function runAll(env: Record<string, string> | null, names?: readonly string[]): Promise<[string, Ended][]> {
    const waiting = [...(names ?? (await everyName()))]
    const results: [string, Ended][] = []
    const next = async (): Promise<void> => {
      const name = waiting.shift()
      if (name === undefined) return
      const args = [...name.split(' '), ...(env ? [] : ['--db', url]), ...(WORDS[name] ?? [])]
      results.push([name, await queuectl(args, { env: { QUEUECTL_DEBUG: '1', ...env } })])
      return next()
    }
    await Promise.all(Array.from({ length: AT_ONCE }, next))
    return results
  }

  function expectNone(results: readonly [string, Ended][]): void {
    const leaking = results.filter(([, { stdout, stderr }]) => FORMS.test(stdout + stderr))
    expect(leaking).to.deep.equal([])
  }

  it('is in no output of a command @slow', async () => {
    await queuectl(['enqueue', '--id', 'a', '--db', url, '--', 'true'])
    const results = await runAll(null)
    expectNone(results)
    expect(results.filter(([, { code }]) => code === 70 || code === 69)).to.deep.equal([])
  })

  it('is in no error of a command that is refused or cannot reach the server @slow', async () => {
    const refused = await runAll({ MONGODB_URI: server.as('me', 'jobs', 's3cret-not') })
    expectNone(refused)
    expect(refused.filter(([, { code }]) => code === 78).length).to.be.greaterThan(20)
    const lost = await runAll({ QUEUECTL_DB: url.replace(/:\d+\//, ':9/') }, [
      'enqueue',
      'status',
      'worker start',
      'init',
    ])
    expectNone(lost)
    expect(lost.map(([, { code }]) => code)).to.deep.equal([69, 69, 69, 69])
  })

  it('is in no error about an address that is malformed or misplaced @slow', async () => {
    const malformed = ['mongodb://me:s3cret@x@h/jobs', 'mongodb://me:s3cret@h:99999/jobs', 'mongodb://me:s3cret/q@h']
    for (const address of malformed) {
      const { code, stdout, stderr } = await queuectl(['status', '--db', address])
      expect([code, FORMS.test(stdout + stderr), stderr.includes('MongoDB URL')]).to.deep.equal([78, false, true])
    }
    const queue = freshQueue()
    await queue.ok('init')
    for (const args of [[url], ['status', url], ['show', url], [`--dbb=${url}`, 'status'], ['config', 'get', url]]) {
      const { code, stdout, stderr } = await queue.run(args)
      expect([args.length, code, FORMS.test(stdout + stderr)]).to.deep.equal([args.length, 2, false])
    }
  })

  it('is not visible to workers and jobs: arguments, environment, registry, logs (S3) @slow', async function () {
    if (!HAS_PROC) skip(this, 'no /proc')
    await inScene({ address: url }, async (scene) => {
      const host = scene.host('told', { env: { MONGODB_URI: url, QUEUECTL_DEBUG: '1' } })
      const typed = scene.host('typed', { env: { QUEUECTL_DB: '' } })
      const started = await Promise.all([host.start(), typed.start('--db', url)])
      const detached = await typed.run('worker', 'start', '--detach', '--db', url)
      expect([detached.code, FORMS.test(detached.stdout + detached.stderr)]).to.deep.equal([0, false])
      const id = await scene.add('env; echo to stderr >&2; sleep 60', { env: { OWN: 'x' } })
      await scene.holder(id)
      await waitFor(() => scene.carriers().length > 0, { within: 10_000, what: 'the job runs' })
      const pids = [...(await scene.rows()).map(({ identity }) => identity.pid), ...scene.carriers()]
      expect(pids.length).to.be.greaterThan(6)
      const parents = new Set((await scene.supervisors()).map(({ identity }) => identity.pid))
      for (const pid of pids) {
        expect([pid, read(`/proc/${pid}/cmdline`)]).to.satisfy(([, text]: [number, string]) => !FORMS.test(text))
        // A supervisor keeps its own environment, but passes no password on.
        if (!parents.has(pid)) expect(FORMS.test(read(`/proc/${pid}/environ`)), `environment of ${pid}`).to.equal(false)
      }
      const database = await mongoose.createConnection(url).asPromise()
      for (const { name } of await database.listCollections()) {
        const documents = await database.collection(name).find().toArray()
        expect(FORMS.test(JSON.stringify(documents)), `documents of ${name}`).to.equal(false)
      }
      await database.close()
      const output = async () => (await host.run('logs', id)).stdout
      await waitFor(async () => (await output()).includes('OWN=x'), { within: 15_000, what: 'its output' })
      expect(await output()).to.not.match(FORMS)
      expect(filesBelow(scene.home).filter((file) => FORMS.test(read(file)))).to.deep.equal([])
      await scene.run('worker', 'stop', '--force')
      for (const { said } of started) expect(said()).to.not.match(FORMS)
      await waitFor(async () => (await scene.rows()).length === 0, { within: 10_000, what: 'all have stopped' })
    })
  })
})

async function everyName(): Promise<string[]> {
  const names = leaves(await buildProgram(new Context([])), [])
  expect(
    names.filter((name) => !WORDS[name]),
    'commands that this test does not know',
  ).to.deep.equal([])
  return names
}

function leaves(command: Command, names: string[]): string[] {
  if (command.commands.length === 0) return [names.join(' ')]
  return command.commands.flatMap((child) => leaves(child, [...names, child.name()]))
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
}
