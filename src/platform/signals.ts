import { monotonic } from '../lib/clock.ts'

export type SignalName = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGBREAK'

export interface NotedSignal {
  name: SignalName
  /** When it came, by the monotonic clock. */
  at: number
}

/** Signals that came and were not acted on yet. */
export interface SignalNotes {
  /** Those noted since the last call, oldest first. */
  take(): NotedSignal[]
  /** Gives the signals their former meaning back. */
  restore(): void
}

/** Notes signals instead of dying of them. A handler only notes and wakes: what a signal means is decided by whoever takes it. */
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
