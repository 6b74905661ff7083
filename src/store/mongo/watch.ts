import { setTimeout as sleep } from 'node:timers/promises'
import type { mongo } from 'mongoose'
import type { Hint, StoreRole } from '../port.ts'
import type { Connection } from './connection.ts'
import { isPassing, isStandalone, isUnsupported } from './errors.ts'

/** A change as far as it is asked for. */
interface Change {
  operationType: string
  ns?: { coll?: string }
}

/**
 * How long to wait before a stream is opened again: a little longer each time while the server is away, much longer where it ends or
 * refuses them for a reason of its own. One that has lasted was no failure.
 */
const REOPEN_MS = { first: 1_000, away: 5_000, refused: 300_000 }
const LASTED_MS = 60_000

/**
 * Calls `onChange` soon after a job or a control has changed, by a change stream. A server without them is left alone, one that does
 * not let us open one is asked ever less often: the caller polls anyway.
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
    // Scattered: after an outage all of them would come at once.
    await sleep(pause * (0.5 + Math.random()), undefined, { signal, ref: false }).catch(() => {})
    pause = Math.min(pause * 2, isPassing(error) ? REOPEN_MS.away : REOPEN_MS.refused)
  }
}

/** Reads one stream to its end. Returns what ended it: an error, that of the driver where the server just closed it. */
async function follow(db: Connection, onChange: (hint: Hint) => void, signal: AbortSignal): Promise<unknown> {
  let stream: mongo.ChangeStream<mongo.Document, Change & mongo.ChangeStreamDocument> | null = null
  const close = () => stream?.close().catch(() => {})
  signal.addEventListener('abort', close)
  try {
    stream = db.db.watch(pipelineFor(db.role))
    // Not by its events: a stream that the server closes, with its database, has none that says so.
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
 * Why no change stream can be opened, in the server's words; null: it can be, or cannot be said now, or the server is no member of a
 * replica set, which is told elsewhere.
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
 * Workers want to know of new work and of requests; a command that waits, of every step of a job. A server may log an update as the
 * replacement of the whole document where that is shorter.
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
