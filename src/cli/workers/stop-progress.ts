import type { Context } from '../context.ts'
import { safe, truncate } from '../terminal/text.ts'
import { hostNames, type Named, processNames } from './process-names.ts'

/** How far the stop of one process has come. */
interface Progress extends Named {
  phase: 'requested' | 'stopping' | 'stopped'
  workers: number
  running: number
}

/**
 * Shows the progress of a stop: stopped processes on stdout; before that, requests and answers on stderr. A terminal
 * gets one line that is overwritten; elsewhere each step of a supervisor is printed once.
 */
export function stopProgress(context: Context): { show: (now: readonly Progress[]) => void; end: () => void } {
  const printed = new Map<string, Progress['phase']>()
  const tty = process.stderr.isTTY === true
  let last = ''
  const erase = () => {
    if (last !== '') context.err('\r\x1b[K')
    last = ''
  }
  return {
    show(now) {
      if (context.json) return
      const changed = now.filter(({ id, phase }) => printed.get(id) !== phase)
      const name = processNames(now)
      if (tty && changed.length > 0) erase()
      for (const one of changed) {
        printed.set(one.id, one.phase)
        if (one.phase === 'stopped') context.out(`stopped ${name(one)}`)
        else if (!tty) context.err(`${step(one, name(one))}\n`)
      }
      if (!tty) return
      const hostName = hostNames(now)
      const remaining = now.filter(({ phase }) => phase !== 'stopped')
      const line = truncate(
        remaining.map((one) => step(one, `${safe(one.id)} on ${hostName(one)}`)).join('; '),
        columns(),
      )
      if (line === last) return
      erase()
      context.err(line)
      last = line
    },
    end() {
      if (tty) erase()
    },
  }
}

function step({ phase, workers, running }: Progress, name: string): string {
  return phase === 'requested'
    ? `requested stop of ${name}`
    : `${name} is stopping; workers: ${workers}, running jobs: ${running}`
}

/** One less than the terminal has: a full line would wrap. */
const columns = () => (process.stderr.columns || 80) - 1
