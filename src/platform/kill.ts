/** `sent`: delivered; `gone`: no such process; `refused`: it exists, but we may not signal it (EPERM). */
export type Sent = 'sent' | 'gone' | 'refused'

/**
 * The only caller of process.kill. Signals one process, or with `group` the process group led by `pid`. Signal 0 only
 * checks that it exists. Throws for anything but an integer above 1: process.kill takes '' and 0 for our own group, and
 * -1 for every process (R4).
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
