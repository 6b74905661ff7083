import type { Context } from '../context.ts'
import { safe, truncate } from '../terminal/text.ts'
import { hostNames, type Named, processNames } from './process-names.ts'

/** How far one process has come that was asked to stop. */
interface Progress extends Named {
  phase: 'requested' | 'stopping' | 'stopped'
  workers: number
  running: number
}

/**
 * Shows how a stop goes: what has stopped on stdout, and before, on stderr, who was asked and who answers. A terminal gets one line
 * that is written over; elsewhere each supervisor's step is told once.
 */
export function stopProgress(context: Context): { show: (now: readonly Progress[]) => void; end: () => void } {
  const told = new Map<string, Progress['phase']>()
  const tty = process.stderr.isTTY === true
  let last = ''
  const erase = () => {
    if (last !== '') context.err('\r\x1b[K')
    last = ''
  }
  return {
    show(now) {
      if (context.json) return
      const news = now.filter(({ id, phase }) => told.get(id) !== phase)
      const name = processNames(now)
      if (tty && news.length > 0) erase()
      for (const one of news) {
        told.set(one.id, one.phase)
        if (one.phase === 'stopped') context.out(`stopped ${name(one)}`)
        else if (!tty) context.err(`${step(one, name(one))}\n`)
      }
      if (!tty) return
      const hostName = hostNames(now)
      const left = now.filter(({ phase }) => phase !== 'stopped')
      const line = truncate(left.map((one) => step(one, `${safe(one.id)} on ${hostName(one)}`)).join('; '), columns())
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
    ? `asked ${name} to stop`
    : `${name} stops; workers: ${workers}, running jobs: ${running}`
}

/** One less than the line has: a full one would go on in the next. */
const columns = () => (process.stderr.columns || 80) - 1
