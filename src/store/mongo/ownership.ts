import { misconfigured } from '../../domain/errors.ts'
import type { Connection } from './connection.ts'
import { PROBE } from './engine.ts'
import { COLLECTIONS } from './models.ts'
import { collectionNames } from './schema.ts'

/** Documents of `meta` that exist before the database is marked. */
const OURS = ['lock', 'schema', 'jobs', 'controls']

/**
 * Collections that running processes write without checking the mark: if a database is dropped under them, these appear
 * again.
 */
const WRITTEN_ON = {
  processes: { kind: { $in: ['supervisor', 'worker'] }, identity: { $type: 'object' }, beat_at: { $type: 'date' } },
  samples: { supervisor_id: { $type: 'string' }, at: { $type: 'date' } },
} as const

/**
 * Throws `configuration` for another program's database. `init`: the user chose it, so its other collections are
 * accepted.
 */
export async function refuseForeign(db: Connection, init: boolean): Promise<void> {
  const ours = await recreatedNames(db)
  const names = (await foreignNames(db)).filter((name) => !ours.includes(name))
  if (names.length === 0) return
  const taken = names.filter((name) => (COLLECTIONS as string[]).includes(name))
  if (taken.length > 0) {
    throw misconfigured(
      `${db.address.label} belongs to another program: it has ${nounFor(taken)}, not created by queuectl`,
      'name another database in the address; it is created at first use',
    )
  }
  if (init) return
  throw misconfigured(
    `${db.address.label} holds ${nounFor(names)} of another program`,
    'name another database, or choose this one with: queuectl init --db URL',
  )
}

/**
 * The collections of a database that no queuectl has locked. The lock is read after them: it is created first and
 * stays, so that our collections never exist without it. Except `meta`: its first write creates it, even if that write
 * fails.
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

/**
 * Collections that our processes created again after the database was dropped: with no other documents, and not all
 * empty.
 */
async function recreatedNames(db: Connection): Promise<string[]> {
  const names: string[] = []
  let filled = 0
  for (const [name, form] of Object.entries(WRITTEN_ON)) {
    const found = (filter: object) => db.call(() => db.db.collection(name).findOne(filter, { projection: { _id: 1 } }))
    if (await found({ $nor: [form] })) continue
    names.push(name)
    if (await found({})) filled++
  }
  return filled > 0 ? names : []
}

/** Whether `meta` is as its first write creates it: without options and without added indexes. */
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
