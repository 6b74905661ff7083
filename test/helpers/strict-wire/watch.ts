import type { mongo } from 'mongoose'
import type { Doc, Sent } from './documents.ts'
import type * as Judge from './judge.ts'
import { isLook } from './looks.ts'
import { note } from './notes.ts'

type Client = mongo.MongoClient & { topology?: { description: mongo.TopologyDescription } }

const APPLICATION = /^queuectl (command|supervisor|worker)$/
/** Commands that the driver itself sends again and again, without content of ours. */
const DULL = new Set(['hello', 'isMaster', 'ismaster', 'ping', 'buildInfo', 'saslStart', 'saslContinue', 'endSessions'])

/** Classes and clients that are watched already. */
const watched = new WeakSet<object>()

/** Watches every client that connects from now on: each command that it sends is checked against the rules. */
export function watchClients(MongoClient: { prototype: object }, load: () => typeof Judge): void {
  const prototype = MongoClient.prototype as { connect(...args: unknown[]): unknown }
  if (watched.has(prototype)) return
  watched.add(prototype)
  const { connect } = prototype
  prototype.connect = function (this: Client, ...args) {
    if (!watched.has(this)) {
      watched.add(this)
      watch(this, load)
    }
    return connect.apply(this, args)
  }
}

function watch(client: Client, load: () => typeof Judge): void {
  // Some of its properties are read-only only in its type.
  Object.assign(client.options, { monitorCommands: true })
  const role = (APPLICATION.exec(client.options.appName ?? '')?.[1] ?? null) as Sent['role']
  const patient = client.options.socketTimeoutMS === 0
  if (role === 'command' && isLook(process.argv)) watchMark(client)
  client.on('commandStarted', ({ commandName, command, address }) => {
    if (DULL.has(commandName)) return
    const standalone = client.topology?.description.servers.get(address)?.type === 'Standalone'
    const { asSent, judge } = load()
    const sent = { command: asSent(command), role, patient, standalone, only_looks: made }
    for (const violation of judge(sent)) note(violation, command)
  })
}

/**
 * Whether this process only reads, from a database that exists: the first process that meets an empty one creates it.
 */
let made = false

function watchMark(client: Client): void {
  const asked = new Set<number>()
  client.on('commandStarted', ({ command, requestId }) => {
    if (command.find === 'meta' && command.filter?._id === 'schema') asked.add(requestId)
  })
  client.on('commandSucceeded', ({ requestId, reply }) => {
    if (asked.delete(requestId)) made = (reply as { cursor: { firstBatch: Doc[] } }).cursor.firstBatch.length > 0
  })
}
