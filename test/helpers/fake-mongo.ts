import { createServer, type Socket } from 'node:net'
import { mongo } from 'mongoose'

const OPCODE = { reply: 1, query: 2004, message: 2013 }
const HEADER = 16

/**
 * A server that speaks just enough of MongoDB's protocol
 * (https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/) to describe itself: every command gets the
 * current `answer`.
 */
export async function openFakeMongo(
  answer: Record<string, unknown>,
): Promise<{ host: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let received = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= HEADER && received.length >= received.readInt32LE(0)) {
        const length = received.readInt32LE(0)
        socket.write(answerTo(received.subarray(0, length), mongo.BSON.serialize({ ok: 1, ...answer })))
        received = received.subarray(length)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    host: `127.0.0.1:${(server.address() as { port: number }).port}`,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A handshake arrives as an old query and expects an old reply: flags, cursor, first document, number of documents. */
function answerTo(request: Buffer, document: Uint8Array): Buffer {
  const isQuery = request.readInt32LE(12) === OPCODE.query
  const before = Buffer.alloc(isQuery ? 20 : 5)
  if (isQuery) before.writeInt32LE(1, 16)
  const header = Buffer.alloc(HEADER)
  header.writeInt32LE(HEADER + before.length + document.length, 0)
  header.writeInt32LE(request.readInt32LE(4), 8)
  header.writeInt32LE(isQuery ? OPCODE.reply : OPCODE.message, 12)
  return Buffer.concat([header, before, document])
}
