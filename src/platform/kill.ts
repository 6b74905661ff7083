/** `sent`: it was delivered; `gone`: there is nobody; `refused`: somebody is there whom we may not signal (EPERM). */
export type Sent = 'sent' | 'gone' | 'refused'

/**
 * The only caller of process.kill. Signals one process, or with `group` the process group that `pid` leads. Signal 0 only asks.
 * Throws for anything but an integer above 1: process.kill reads '' and 0 as our own group, and -1 as everybody (R4).
 */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0, options: { group?: boolean } = {}): Sent {
  if (!Number.isInteger(pid) || pid <= 1) throw new RangeError(`refusing to signal pid ${pid}`)
  try {
    process.kill(options.group ? -pid : pid, signal)
    return 'sent'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? 'gone' : 'refused'
  }
}
