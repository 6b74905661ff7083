import { expect } from 'chai'
import { claimFilter } from '../../../src/domain/claim-filter.ts'
import { FINAL_STATES, type Job } from '../../../src/domain/job.ts'
import { Connection } from '../../../src/store/mongo/connection.ts'
import { migrate } from '../../../src/store/mongo/migrate.ts'
import { INDEXES } from '../../../src/store/mongo/schema.ts'
import { storeOn } from '../../../src/store/mongo/store.ts'
import { parseUrl } from '../../../src/store/mongo/url.ts'
import type { JobStore } from '../../../src/store/port.ts'
import { beatOf, claimOf, FAILURE, put, SUCCESS, settle, take, until } from '../../contract/kit.ts'
import { isServed, type Question, servedBy } from '../../helpers/index-rules.ts'
import { mongoServer, needsMongo, withOption } from '../../helpers/mongo-server.ts'

type Command = Record<string, unknown>

/** Commands that select documents, as far as explain accepts them. */
const EXPLAINED = ['find', 'findAndModify', 'update', 'delete', 'aggregate', 'distinct']
/** Collections with few documents, which are read as a whole or by `_id`. */
const SMALL = ['config', 'meta', 'processes']

/** `count` names of queues. */
const named = (count: number) => ['default', ...Array.from({ length: count - 1 }, (_, i) => `q${i}`)]

// A queue of a million jobs must be as fast as one of ten: the server's own plan for each command shows that.
describe('the MongoDB commands @posix', function () {
  this.timeout(60_000)
  let db: Connection
  let store: JobStore
  let sent: Command[]
  before(needsMongo)
  beforeEach(async () => {
    db = await Connection.open(parseUrl(withOption((await mongoServer()).url(), 'monitorCommands', 'true')), 'command')
    store = storeOn(db, await migrate(db, { is_alive: () => false }), '/data')
    sent = []
    db.db.client.on('commandStarted', ({ commandName, command }) => {
      if (EXPLAINED.includes(commandName)) sent.push(command)
    })
  })
  afterEach(() => store.close())

  /** Commands that no index serves: by MongoDB's rules, and by the server's own plan if the server follows them. */
  async function slow(): Promise<string[]> {
    const commands = sent.map(withoutSession).filter((command) => !SMALL.includes(collectionOf(command)))
    const { slow: plans_simply } = await mongoServer()
    const judged = await Promise.all(
      commands.map(async (command) => {
        const served = questionsOf(command).every((question) =>
          isServed(question, INDEXES[collectionOf(command)] ?? []),
        )
        return served && (plans_simply || (await explained(command))) ? [] : [JSON.stringify(command).slice(0, 300)]
      }),
    )
    return judged.flat()
  }

  async function explained(command: Command): Promise<boolean> {
    const plan = await db.db.command({ explain: command, verbosity: 'queryPlanner' })
    return !stagesOf(plan).some((stage) => stage === 'COLLSCAN' || stage === 'SORT')
  }

  it('of a job’s life are served by indexes', async () => {
    await put(store, ['a', 'b', 'c', 'd'])
    await put(store, ['later'], { delay_ms: 1 })
    for (let i = 0; i < 2; i++) await put(store, ['twice'], { delay_ms: 60_000, content_hash: 'h' })
    const a = await take(store)
    await store.claim(claimOf({ filter: claimFilter(['x', 'y']) }))
    const { next } = await settle(store, a, SUCCESS, claimOf({ filter: claimFilter(['default']) }))
    await settle(store, a, SUCCESS)
    await store.renew({ worker_id: 'w1', tokens: [String(next?.job?.lease_token)], lease_ms: 1 })
    await store.fence({ id: 'b', token: String(next?.job?.lease_token), new_token: 'n', by: 's', lease_ms: 1 })
    await settle(store, await take(store), FAILURE)
    await store.processing()
    await store.beat(beatOf('s1', ['w1'], ['n']))
    await store.ask({ id: 'c1', supervisor_id: 's1', kind: 'stop', args: {} })
    await store.takeControls({ supervisor_id: 's1' })
    await store.answer({ id: 'c1', result: null })
    await store.cancel({ ids: ['c', 'd'] })
    await store.requeue({ ids: ['d'] })
    await store.promote({ ids: ['c'] })
    await store.get({ id: 'a' })
    await store.findIds({ prefix: 'a', limit: 2 })
    await store.runs({ id: 'a' })
    await store.recorded({ tokens: ['t', 'u'] })
    await store.samples({ since: 0 })
    await store.history({ after: null, limit: 2 })
    await store.history({ after: 2, limit: 2 })
    await store.keepOutputs({ outputs: [outputOf(a)] })
    await store.output({ token: String(a.run_token), beyond: 1 })
    await store.overview()
    await store.purge({ states: FINAL_STATES, older_than_ms: 0, limit: 9 })
    await store.purge({ states: FINAL_STATES, older_than_ms: 0, limit: 9, queue: 'a' })
    expect(sent.length).to.be.greaterThan(30)
    expect(await slow()).to.deep.equal([])
  })

  it('of a page are served by indexes', async () => {
    await put(store, ['a'])
    await put(store, ['b'], { delay_ms: 60_000 })
    const sorts = { newest: undefined, oldest: undefined, due: 'scheduled', order: 'ready', finished: 'dead' } as const
    for (const [sort, state] of Object.entries(sorts) as [keyof typeof sorts, 'dead' | undefined][]) {
      await store.list({ sort, limit: 5 })
      await store.list({ sort, limit: 5, queue: 'default' })
      if (state) await store.list({ sort, limit: 5, state })
    }
    await put(store, ['gone'])
    await store.cancel({ ids: ['gone'] })
    for (const sort of ['newest', 'oldest', 'due', 'order'] as const) await store.list({ sort, limit: 5, after: 'b' })
    await store.list({ sort: 'finished', limit: 5, after: 'gone' })
    await store.list({ sort: 'newest', limit: 5, state: 'pending' })
    await store.list({ sort: 'finished', limit: 5, finished_since: 5 })
    expect(await slow()).to.deep.equal([])
  })

  it('start a page where the previous one ended, also among equals', async () => {
    await put(store, ['a', 'b'])
    for (const sort of ['due', 'order', 'finished'] as const) {
      if (sort === 'finished') await store.cancel({ ids: ['a', 'b'] })
      sent = []
      await store.list({ sort, limit: 5, after: 'a' })
      const pages = sent.filter(({ limit }) => limit === 5)
      // Two ranges, and no other condition that discards what was read.
      expect(pages, sort).to.have.length(2)
      expect(JSON.stringify(pages), sort).to.not.contain('$or')
    }
    expect(await slow()).to.deep.equal([])
  })

  it('that no index serves are found', async () => {
    await put(store, ['a'])
    sent = []
    const { jobs } = db.models
    const ready = { state: 'pending', view: 'ready' } as const
    await jobs.find({ command: 'true' }).lean()
    await jobs.find({ view: 'ready' }).sort({ priority: -1, seq: 1 }).lean()
    await jobs.find(ready).sort({ priority: -1, seq: -1 }).lean()
    await jobs.find({ state: 'pending', priority: 1 }).lean()
    await jobs
      .find({ state: 'pending', view: { $in: named(201) as never[] } })
      .sort({ priority: -1, seq: 1 })
      .lean()
    expect(await slow()).to.have.length(5)
  })

  describe('of a claim take the first entry of an index that serves filter and order', () => {
    const SHAPES = [
      ...[
        { what: 'of all queues', queues: null, take: 'order', due: 'due' },
        { what: 'of one queue', queues: ['default'], take: 'queue_order', due: 'queue_due' },
        { what: 'of several queues', queues: ['default', 'x', 'y'], take: 'queue_order', due: 'queue_due' },
        { what: 'of as many queues as the server merges', queues: named(200), take: 'queue_order', due: null },
      ],
      // In order, past the jobs of other queues.
      { what: 'of more queues than the server merges', queues: named(201), take: 'order', due: null },
    ]
    for (const { what, queues, take: taking, due } of SHAPES) {
      it(what, async () => {
        await put(store, ['delayed'], { delay_ms: 60_000, priority: 9 })
        await put(store, ['a'])
        sent = []
        await store.claim(claimOf({ filter: claimFilter(queues) }))
        await store.claim(claimOf({ filter: claimFilter(queues) }))
        const takes = sent.filter((command) => 'findAndModify' in command && 'sort' in command)
        for (const command of takes) expect(await indexOf(command)).to.equal(taking)
        const looks = sent.filter((command) => 'find' in command && JSON.stringify(command).includes('"queue"'))
        if (due !== null) expect([...takes, ...looks]).to.have.length.above(1)
        for (const command of looks) if (due !== null) expect(await indexOf(command)).to.equal(due)
      })
    }

    it('of all queues but some', async () => {
      await put(store, ['p1', 'p2'], { queue: 'paused', priority: 9 })
      await put(store, ['p3'], { queue: 'paused', delay_ms: 60_000 })
      await put(store, ['later'], { delay_ms: 60_000 })
      await put(store, ['a'])
      sent = []
      const filter = claimFilter(null, ['paused'])
      expect((await store.claim(claimOf({ filter }))).job?.id).to.equal('a')
      expect((await store.claim(claimOf({ filter }))).job).to.equal(null)
      const takes = sent.filter((command) => 'findAndModify' in command && 'sort' in command)
      const dues = sent.filter((command) => 'find' in command && JSON.stringify(command).includes('"queue"'))
      expect([...takes, ...dues]).to.have.length.above(2)
      for (const command of takes) expect(await indexOf(command)).to.equal('queue_order')
      for (const command of dues) expect(await indexOf(command)).to.equal('queue_due')
      // Never past the jobs that wait in the excluded queues: the others are named, and found by one index seek for
      // each queue.
      expect(JSON.stringify(sent)).to.not.match(/\$nin|\$ne/)
      const distincts = sent.filter((command) => 'distinct' in command)
      expect(distincts).to.have.length.above(1)
      for (const { key, query } of distincts) {
        expect(key).to.equal('queue')
        const { key: index } = INDEXES.jobs?.find(({ name }) => name === 'queue_age') ?? {}
        expect(Object.keys(query as Command)).to.deep.equal(Object.keys(index ?? {}).slice(0, 2))
      }
    })

    it('of those that are due', async () => {
      await put(store, ['a'], { delay_ms: 1 })
      await until(async () => (await store.overview()).total.ready === 1)
      sent = []
      await take(store)
      const looks = sent.filter((command) => 'find' in command)
      expect(looks.length).to.be.at.least(2)
      for (const command of looks) expect(await indexOf(command)).to.equal('due')
      // By the ids that it has found: no other jobs are read.
      expect(sent.flatMap((command) => (command.updates as { q: Command }[]) ?? [])[0]?.q).to.have.property('_id')
    })

    /** The index that serves a command: by MongoDB's rules, or by the server's own plan if the server follows them. */
    async function indexOf(command: Command): Promise<string> {
      const bare = withoutSession(command)
      const [question = { filter: {}, sort: [] }] = questionsOf(bare)
      const name = String(servedBy(question, INDEXES.jobs ?? [])[0])
      if ((await mongoServer()).slow) return name
      expect(await explained(bare)).to.equal(true)
      const plan = await db.db.command({ explain: bare, verbosity: 'executionStats' })
      const { totalDocsExamined = 0 } = plan.executionStats ?? {}
      expect(totalDocsExamined).to.be.at.most(2)
      return valuesOf(plan.queryPlanner, 'indexName')[0] ?? 'none'
    }
  })
})

/** The output of a finished run that is late enough to remove those of earlier runs. */
function outputOf({ id: job, run_token }: Job) {
  const where = { host: 'h', path: '/p' }
  return { token: String(run_token), job, run: 21, ...where, bytes: 1, tail: Buffer.from('x'), ended: true }
}

function withoutSession({
  lsid,
  txnNumber,
  $clusterTime,
  $db,
  writeConcern,
  readConcern,
  ...command
}: Command): Command {
  return command
}

const collectionOf = (command: Command) => String(Object.values(command)[0])

/** The filters of a command, each with its sort order. */
function questionsOf(command: Command): Question[] {
  const { updates, deletes, pipeline, filter, query, sort } = command as Record<string, never>
  const order = [...((sort as Map<string, number> | undefined) ?? [])]
  const filters: Record<string, unknown>[] = updates ?? deletes ?? pipeline ?? [filter ?? query ?? {}]
  if (updates || deletes) return filters.map(({ q }) => ({ filter: q as Command, sort: [] }))
  if (pipeline) return [{ filter: filters[0]?.$match as Command, sort: [] }]
  return [{ filter: filters[0] ?? {}, sort: order }]
}

const stagesOf = (plan: unknown) => valuesOf(plan, 'stage')

/** All values of `name` in the winning plan, at any depth. */
function valuesOf(plan: unknown, name: string): string[] {
  if (typeof plan !== 'object' || plan === null) return []
  return Object.entries(plan).flatMap(([key, value]) => {
    if (key === 'rejectedPlans' || key === 'command') return []
    return key === name ? [String(value)] : valuesOf(value, name)
  })
}
