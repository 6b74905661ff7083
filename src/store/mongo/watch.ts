import { setTimeout as sleep } from 'node:timers/promises'
import type { mongo } from 'mongoose'
import type { Hint, StoreRole } from '../port.ts'
import type { Connection } from './connection.ts'
import { isPassing, isStandalone, isUnsupported } from './errors.ts'

/** The requested part of a change event. */
interface Change {
  operationType: string
  ns?: { coll?: string }
}

/**
 * How long to wait before a stream is opened again, doubled each time: up to `away` while the server is away, up to
 * `refused` if the server closes or refuses streams for another reason. A stream that lasted for `LASTED_MS` does not
 * count as a failure.
 */
const REOPEN_MS = { first: 1_000, away: 5_000, refused: 300_000 }
const LASTED_MS = 60_000

/**
 * Calls `onChange` soon after a job or a control has changed, by a change stream. Stops if the server has none, and
 * tries less and less often if it refuses one: the caller polls anyway.
 */
export function watchChanges(db: Connection, onChange: (hint: Hint) => void): { close(): void } {
  const closing = new AbortController()
  const signal = AbortSignal.any([closing.signal, db.closed])
  void watch(db, onChange, signal)
  return { close: () => closing.abort() }
}

async function watch(db: Connection, onChange: (hint: Hint) => void, signal: AbortSignal): Promise<void> {
  for (let pause = REOPEN_MS.first; !signal.aborted; ) {
    const since = performance.now()
    const error = await follow(db, onChange, signal)
    if (isUnsupported(error)) return
    if (performance.now() - since > LASTED_MS) pause = REOPEN_MS.first
    // Scattered: after an outage all processes would reconnect at once.
    await sleep(pause * (0.5 + Math.random()), undefined, { signal, ref: false }).catch(() => {})
    pause = Math.min(pause * 2, isPassing(error) ? REOPEN_MS.away : REOPEN_MS.refused)
  }
}

/**
 * Reads one stream to its end. Returns the error that ended it, null after `signal`. If the server just closes it, the
 * driver throws one.
 */
async function follow(db: Connection, onChange: (hint: Hint) => void, signal: AbortSignal): Promise<unknown> {
  let stream: mongo.ChangeStream<mongo.Document, Change & mongo.ChangeStreamDocument> | null = null
  const close = () => stream?.close().catch(() => {})
  signal.addEventListener('abort', close)
  try {
    stream = db.db.watch(pipelineFor(db.role))
    // Not by its events: none reports that the server closed the stream, as it does when the database is dropped.
    while (!signal.aborted) onChange(hintOf(await stream.next()))
    return null
  } catch (error) {
    return error
  } finally {
    signal.removeEventListener('abort', close)
    await close()
  }
}

/**
 * Why no change stream can be opened, as the server reports it; null: it can be opened, or that is unknown now, or the
 * server is not a member of a replica set, which another finding reports.
 */
export async function refusedWatch(db: Connection): Promise<string | null> {
  const stream = db.db.watch(pipelineFor(db.role), { maxAwaitTimeMS: 1 })
  try {
    await stream.tryNext()
    return null
  } catch (error) {
    return isPassing(error) || isStandalone(error) ? null : db.address.redact((error as Error).message)
  } finally {
    await stream.close().catch(() => {})
  }
}

function hintOf({ operationType, ns }: Change): Hint {
  return operationType === 'insert' && ns?.coll === 'jobs' ? 'new_jobs' : 'anything'
}

/**
 * Workers and supervisors need events for new work and for requests; a waiting command needs every step of a job. A
 * server may log an update as the replacement of the whole document if that is shorter.
 */
function pipelineFor(role: StoreRole): mongo.Document[] {
  const isDate = { $type: 'date' }
  const work = [
    { operationType: 'insert' },
    { 'updateDescription.updatedFields.view': 'ready' },
    { 'updateDescription.updatedFields.cancel_requested_at': isDate },
    { operationType: 'replace', 'fullDocument.view': 'ready' },
    { operationType: 'replace', 'fullDocument.cancel_requested_at': isDate },
  ]
  const wanted = role === 'command' ? {} : { $or: work }
  return [
    { $match: { 'ns.coll': { $in: ['jobs', 'controls'] }, ...wanted } },
    { $project: { _id: 1, operationType: 1, ns: 1 } },
  ]
}
