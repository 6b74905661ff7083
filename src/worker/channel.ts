import cluster from 'node:cluster'
import type { FromWorker, ToWorker } from './messages.ts'

/** The worker's end of the channel to its supervisor. */
export interface Channel {
  send(message: FromWorker): void
  /** Closes the channel after the last message is sent. */
  end(): Promise<void>
}

/**
 * Opens the channel. `on_message` gets the supervisor's messages; `on_orphaned` is called when the supervisor has died.
 * Node would call process.exit(0) at that moment, and the jobs would run without an owner: `exitedAfterDisconnect`
 * keeps the worker alive to drain (lib/internal/cluster/child.js, `onDisconnect`). Throws outside of a forked worker.
 */
export function openChannel(handlers: { on_message: (message: ToWorker) => void; on_orphaned: () => void }): Channel {
  const self = cluster.worker
  if (self === undefined) throw new Error('not a forked worker')
  let ending = false

  self.on('disconnect', () => {
    self.exitedAfterDisconnect = true
    if (!ending) handlers.on_orphaned()
  })
  process.on('message', (message) => handlers.on_message(message as ToWorker))

  const send = (message: FromWorker) => {
    // The supervisor may have just died: then nobody needs the message.
    if (process.connected) process.send?.(message, undefined, undefined, () => {})
  }
  return {
    send,
    async end() {
      ending = true
      if (!process.connected) return
      // An exit before the channel has sent the last message would lose it.
      await new Promise<void>((resolve) => {
        process.once('disconnect', resolve)
        process.send?.({ type: 'closing' } satisfies FromWorker, undefined, undefined, () => process.disconnect?.())
      })
    },
  }
}
