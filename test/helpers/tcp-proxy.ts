import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A TCP proxy that can lose data. */
export interface TcpProxy {
  /** `host:port` on which it listens. */
  host: string
  /** `url` with the proxy instead of the host; the client is kept from finding the server behind it. */
  through(url: string): string
  /**
   * The answer to the next `times` requests that contain `text` is lost with its connection, after the server has
   * acted.
   */
  loseAnswerTo(text: string, times?: number): void
  /**
   * The next request that contains `text` is held back, and the connection of its client closed. The returned function
   * passes it on, and resolves when the server has answered.
   */
  holdBack(text: string): () => Promise<void>
  /** Number of answers lost so far. */
  readonly lost: number
  /** From now on no answers come back, though connections stay open. */
  mute(): void
  /** From now on nothing passes in either direction, though connections stay open: like a cable that is cut. */
  cut(): void
  /** Repairs the cable: clients connect again and are answered. */
  mend(): void
  close(): Promise<void>
}

/**
 * Opens a proxy before `target` (`host:port`). `on_request` receives each request, with a value that identifies its
 * connection.
 */
export async function openProxy(
  target: string,
  on_request: (request: Buffer, client: object) => void = () => {},
): Promise<TcpProxy> {
  const [host = '', port = ''] = target.split(':')
  const sockets = new Set<Socket>()
  let muted = false
  let cut = false
  let lost = 0
  let losing = { text: '', times: 0 }
  let holding: { text: string; held: { upstream: Socket; request: Buffer } | null } | null = null

  const server = createServer((client) => {
    const upstream = connect(Number(port), host)
    let doomed = false
    const both = [client, upstream]
    for (const socket of both) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        if (holding?.held?.upstream !== upstream) for (const other of both) other.destroy()
      })
    }
    client.on('data', (request: Buffer) => {
      if (cut) return
      on_request(request, client)
      if (holding?.held === null && request.includes(holding.text)) {
        holding.held = { upstream, request }
        client.destroy()
        return
      }
      if (losing.times > 0 && request.includes(losing.text)) {
        losing.times--
        doomed = true
      }
      upstream.write(request)
    })
    upstream.on('data', (answer) => {
      if (doomed) {
        lost++
        client.destroy()
      } else if (!muted && !cut) client.write(answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const own = `127.0.0.1:${(server.address() as { port: number }).port}`

  return {
    host: own,
    through: (url) => {
      const through = new URL(url.replace(target, own))
      through.searchParams.set('directConnection', 'true')
      // The driver's own second try would hide that of queuectl.
      through.searchParams.set('retryWrites', 'false')
      through.searchParams.set('retryReads', 'false')
      return through.href
    },
    loseAnswerTo(text, times = 1) {
      losing = { text, times }
    },
    holdBack(text) {
      const kept: NonNullable<typeof holding> = { text, held: null }
      holding = kept
      return async () => {
        if (kept.held === null) throw new Error(`no request with ${text} was held back`)
        const answered = once(kept.held.upstream, 'data')
        kept.held.upstream.write(kept.held.request)
        await answered
      }
    },
    get lost() {
      return lost
    },
    mute() {
      muted = true
    },
    cut() {
      cut = true
    },
    mend() {
      cut = false
      for (const socket of sockets) socket.destroy()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
