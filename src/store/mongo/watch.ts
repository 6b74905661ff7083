import type { mongo } from 'mongoose'
import type { Hint, StoreRole } from '../port.ts'
import type { Connection } from './connection.ts'

/** A change as far as it is asked for. */
interface Change {
  operationType: string
  ns?: { coll?: string }
}

const REOPEN_MS = 5_000

/** `$changeStream` is only for members of a replica set. */
const NO_REPLICA_SET = 40573

/**
 * Calls `onChange` soon after a job or a control has changed, by a change stream. A server without them, or without the right to
 * open one, is left alone: the caller polls anyway.
 */
export function watchChanges(db: Connection, onChange: (hint: Hint) => void): { close(): void } {
  let stream: mongo.ChangeStream | null = null
  let reopen: NodeJS.Timeout | undefined

  const open = () => {
    if (db.closed.aborted) return
    try {
      stream = db.db.watch(pipelineFor(db.role))
    } catch {
      return again()
    }
    stream.on('change', (change) => onChange(hintOf(change as Change)))
    stream.on('error', (error) => {
      void close()
      if ((error as mongo.MongoError).code !== NO_REPLICA_SET) again()
    })
  }
  // Scattered: after an outage all of them would come at once.
  const again = () => {
    reopen = setTimeout(open, REOPEN_MS * (0.5 + Math.random())).unref()
  }
  const close = () => stream?.close().catch(() => {})

  open()
  return {
    close() {
      clearTimeout(reopen)
      void close()
    },
  }
}

function hintOf({ operationType, ns }: Change): Hint {
  return operationType === 'insert' && ns?.coll === 'jobs' ? 'new_jobs' : 'anything'
}

/** Workers want to know of new work and of requests; a command that waits, of every step of a job. */
function pipelineFor(role: StoreRole): mongo.Document[] {
  const work = [
    { operationType: 'insert' },
    { 'updateDescription.updatedFields.view': 'ready' },
    { 'updateDescription.updatedFields.cancel_requested_at': { $type: 'date' } },
  ]
  const wanted = role === 'command' ? {} : { $or: work }
  return [
    { $match: { 'ns.coll': { $in: ['jobs', 'controls'] }, ...wanted } },
    { $project: { _id: 1, operationType: 1, ns: 1 } },
  ]
}
