import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { deflateSync, inflateSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { mongo } from 'mongoose'

const OPCODE = { reply: 1, compressed: 2012, message: 2013 }
const HEADER = 16

/** Numbers of the compressors: https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/#op_compressed */
const COMPRESSORS = {
  zlib: { id: 2, compress: deflateSync, expand: inflateSync },
  zstd: { id: 3, compress: zstdCompressSync, expand: zstdDecompressSync },
}
export type Compressor = keyof typeof COMPRESSORS

/**
 * Opens a proxy that compresses for clients that request it, and speaks uncompressed to `target` (`host:port`), which
 * cannot compress.
 */
export async function openCompressingProxy(target: string, compressor: Compressor) {
  const { id, compress, expand } = COMPRESSORS[compressor]
  const [host = '', port = ''] = target.split(':')
  const sockets = new Set<Socket>()
  let heard = 0

  const asked = (message: Buffer): Buffer => {
    if (message.readInt32LE(12) !== OPCODE.compressed) return message
    if (message.readUInt8(24) !== id) throw new Error(`compressed by ${message.readUInt8(24)}`)
    heard++
    return withBody(message, message.readInt32LE(16), expand(message.subarray(25)))
  }
  const answered = (message: Buffer): Buffer => {
    const opcode = message.readInt32LE(12)
    const body = message.subarray(HEADER)
    // A handshake is answered by an old reply: flags, cursor, first document, number of documents.
    const at = opcode === OPCODE.reply ? 20 : 5
    const document = mongo.BSON.deserialize(body.subarray(at))
    if (document.maxWireVersion !== undefined) {
      const offer = mongo.BSON.serialize({ ...document, compression: [compressor] })
      return withBody(message, opcode, Buffer.concat([body.subarray(0, at), offer]))
    }
    if (heard === 0) return message
    const head = Buffer.alloc(9)
    head.writeInt32LE(opcode, 0)
    head.writeInt32LE(body.length, 4)
    head.writeUInt8(id, 8)
    return withBody(message, OPCODE.compressed, Buffer.concat([head, compress(body)]))
  }

  const server = createServer((client) => {
    const upstream = connect(Number(port), host)
    const both = [client, upstream]
    for (const socket of both) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => both.forEach((other) => void other.destroy()))
    }
    client.on(
      'data',
      inMessages((message) => upstream.write(asked(message))),
    )
    upstream.on(
      'data',
      inMessages((message) => client.write(answered(message))),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Number of compressed requests so far. */
    heard: () => heard,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** `message` with another body and opcode, and the same ids. */
function withBody(message: Buffer, opcode: number, body: Uint8Array): Buffer {
  const header = Buffer.from(message.subarray(0, HEADER))
  header.writeInt32LE(HEADER + body.length, 0)
  header.writeInt32LE(opcode, 12)
  return Buffer.concat([header, body])
}

function inMessages(hear: (message: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
      const message = rest.subarray(0, rest.readInt32LE(0))
      rest = rest.subarray(message.length)
      hear(message)
    }
  }
}
