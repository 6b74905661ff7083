import { misconfigured } from '../../domain/errors.ts'
import type { Connection } from './connection.ts'
import { PROBE } from './engine.ts'
import { COLLECTIONS } from './models.ts'
import { collectionNames } from './schema.ts'

/** Documents of `meta` that are there before the database is marked. */
const OURS = ['lock', 'schema', 'jobs', 'controls']

/** What running processes write without a look at the mark: where a database is dropped under them these come up again. */
const WRITTEN_ON = {
  processes: { kind: { $in: ['supervisor', 'worker'] }, identity: { $type: 'object' }, beat_at: { $type: 'date' } },
  samples: { supervisor_id: { $type: 'string' }, at: { $type: 'date' } },
} as const

/** Throws `configuration` for another program's database; `init`: its other collections do not matter, somebody said so. */
export async function refuseForeign(db: Connection, init: boolean): Promise<void> {
  const left = await writtenOn(db)
  const names = (await foreignNames(db)).filter((name) => !left.includes(name))
  if (names.length === 0) return
  const taken = names.filter((name) => (COLLECTIONS as string[]).includes(name))
  if (taken.length > 0) {
    throw misconfigured(
      `${db.address.label} belongs to another program: it has ${nounFor(taken)} that queuectl did not make`,
      'name another database in the address; an empty one is made at first use',
    )
  }
  if (init) return
  throw misconfigured(
    `${db.address.label} holds ${nounFor(names)} of another program`,
    'name another database; if it is meant, mark it first: queuectl init --db URL',
  )
}

/**
 * The collections of a database that no queuectl has locked. The lock is looked for after them: it comes first and stays, so that
 * collections of ours are never there without it, but for `meta`, which the first write to it makes, whether that succeeds or not.
 */
async function foreignNames(db: Connection): Promise<string[]> {
  const names = await db.call(() => collectionNames(db.db))
  if (!names.includes('meta')) return names
  const meta = db.db.collection<{ _id: unknown; application?: unknown }>('meta')
  const found = await db.call(() => meta.find({}, { projection: { application: 1 }, limit: 100 }).toArray())
  const documents = found.filter(({ _id }) => !String(_id).startsWith(PROBE))
  if (documents.length === 0) return (await isPlain(db)) ? names.filter((name) => name !== 'meta') : names
  const locked = documents.some(({ _id, application }) => _id === 'lock' && application === 'queuectl')
  return locked && documents.every(({ _id }) => OURS.includes(String(_id))) ? [] : names
}

/** Collections of processes of ours under which the database was dropped: without a document of others, and not all empty. */
async function writtenOn(db: Connection): Promise<string[]> {
  const written: string[] = []
  let ours = 0
  for (const [name, form] of Object.entries(WRITTEN_ON)) {
    const found = (filter: object) => db.call(() => db.db.collection(name).findOne(filter, { projection: { _id: 1 } }))
    if (await found({ $nor: [form] })) continue
    written.push(name)
    if (await found({})) ours++
  }
  return ours > 0 ? written : []
}

/** Whether `meta` is as the first write to it makes it: without options, and without indexes of somebody's. */
async function isPlain(db: Connection): Promise<boolean> {
  const [meta] = await db.call(() => db.db.listCollections({ name: 'meta' }).toArray())
  const { type = 'collection', options = {} } = (meta ?? {}) as { type?: string; options?: object }
  if (type !== 'collection' || Object.keys(options).length > 0) return false
  return (await db.call(() => db.db.collection('meta').indexes())).length <= 1
}

function nounFor(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => `"${name}"`)
  const more = names.length - shown.length
  return `the collection${names.length > 1 ? 's' : ''} ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
