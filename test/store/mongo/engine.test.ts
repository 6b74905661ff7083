import { expect } from 'chai'
import { mongo } from 'mongoose'
import { Connection } from '../../../src/store/mongo/connection.ts'
import { examineEngine, needEngine } from '../../../src/store/mongo/engine.ts'
import { parseUrl } from '../../../src/store/mongo/url.ts'
import { refusal } from '../../contract/kit.ts'
import { mongoServer, needsMongo } from '../../helpers/mongo-server.ts'

type Update = (update: unknown, go: () => Promise<Record<string, unknown> | null>) => Promise<unknown>

describe('what queuectl needs of a MongoDB server @posix', function () {
  this.timeout(60_000)
  let db: Connection
  before(needsMongo)
  beforeEach(async () => {
    db = await Connection.open(parseUrl((await mongoServer()).url()), 'command')
  })
  afterEach(async () => {
    await db.close()
  })

  /** Replaces the server's updates by `update`. */
  function pretend(update: Update): void {
    const collection = db.db.collection.bind(db.db)
    db.db.collection = ((name: string) => {
      const real = collection(name)
      const go = real.findOneAndUpdate.bind(real)
      const pretended = (...args: Parameters<typeof go>) => update(args[1], () => go(...args) as never)
      return Object.assign(real, { findOneAndUpdate: pretended })
    }) as never
  }

  const unknown = (name: string) =>
    new mongo.MongoServerError({ message: `Unrecognized expression '${name}'`, code: 168 })

  it('is supported by the server of the tests, and the check leaves nothing behind', async () => {
    await needEngine(db)
    expect(await examineEngine(db)).to.include({ check: 'engine', level: 'ok' })
    expect(await db.db.collection('meta').countDocuments()).to.equal(0)
  })

  it('can be checked by many processes at once', async () => {
    await Promise.all(Array.from({ length: 8 }, () => needEngine(db)))
    expect(await db.db.collection('meta').countDocuments()).to.equal(0)
  })

  it('is named when the server does not know it', async () => {
    pretend(async (update, go) => {
      if (JSON.stringify(update).includes('$isNumber')) throw unknown('$isNumber')
      return go()
    })
    const error = await refusal(needEngine(db))
    expect(error).to.include({ code: 'configuration', exit_code: 78, hint: 'queuectl needs MongoDB 6.0 or later' })
    expect(error.message).to.match(/lacks what queuectl needs: \$isNumber \(Unrecognized expression '\$isNumber'\)$/)
    expect(await examineEngine(db)).to.deep.include({ level: 'problem', message: error.message, remedy: error.hint })
  })

  it('is named with all operators that depend on it', async () => {
    pretend(async (update, go) => {
      if (JSON.stringify(update).includes('$$NOW')) throw unknown('$$NOW')
      return go()
    })
    expect((await refusal(needEngine(db))).message).to.match(/needs: \$\$NOW, \$add \(/)
  })

  it('is named when it returns another value', async () => {
    pretend(async (_update, go) => {
      const found = await go()
      return { ...found, probe: { ...(found?.probe as object), n0: 'x' } }
    })
    expect((await refusal(needEngine(db))).message).to.match(/ returns another value than MongoDB does\)$/)
  })

  it('is named without more tries when a server of another vendor refuses it with another code', async () => {
    pretend(async () => Promise.reject(new mongo.MongoServerError({ message: 'Feature not supported: x', code: 303 })))
    const begun_at = performance.now()
    expect((await refusal(needEngine(db))).message).to.match(/lacks what queuectl needs: updates by a pipeline/)
    expect(performance.now() - begun_at).to.be.below(3_000)
  })

  it('is not reported as missing while the server is away or refuses the user', async () => {
    const answering = async (code: number) => {
      pretend(async () => Promise.reject(new mongo.MongoServerError({ message: 'not allowed', code })))
      return refusal(needEngine(db))
    }
    expect((await answering(13)).message).to.match(/lacks a right/)
    expect(await examineEngine(db)).to.include({ level: 'ok', message: 'not tested: this user may only read' })
    expect((await answering(91)).exit_code).to.equal(69)
  })
})
