import { monotonic } from '../lib/clock.ts'

export type SignalName = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGBREAK'

export interface NotedSignal {
  name: SignalName
  /** When it arrived, by the monotonic clock. */
  at: number
}

/** Signals that have arrived and were not handled yet. */
export interface SignalNotes {
  /** Returns those noted since the last call, oldest first. */
  take(): NotedSignal[]
  /** Restores the former handling of the signals. */
  restore(): void
}

/**
 * Notes signals instead of dying of them. A handler only notes and wakes; the caller of `take` decides what a signal
 * means.
 */
export function noteSignals(names: readonly SignalName[], wake: () => void): SignalNotes {
  const noted: NotedSignal[] = []
  const handlers = names.map((name) => {
    const handler = () => {
      noted.push({ name, at: monotonic() })
      wake()
    }
    process.on(name, handler)
    return { name, handler }
  })
  return {
    take: () => noted.splice(0),
    restore() {
      for (const { name, handler } of handlers) process.off(name, handler)
    },
  }
}
