import { auditHistory, type Fault } from '../domain/audit.ts'
import { addToTotals, emptyTotals, imbalance, type JobHistory, type RunTotals } from '../domain/history.ts'
import type { JobStore } from '../store/port.ts'

/** Jobs read at a time. Each page is one short snapshot that does not block writers. */
const PAGE = 500

export interface Audit {
  faults: Fault[]
  totals: RunTotals
  /** No fault, and every start has an outcome. */
  ok: boolean
}

/** Replays the whole run history, also while workers run. `on_history` receives the history of each job. */
export async function auditStore(store: JobStore, on_history?: (history: JobHistory) => void): Promise<Audit> {
  const { runs_kept } = store.info
  const faults: Fault[] = []
  const totals = emptyTotals()
  let after: number | null = null
  do {
    const page: Awaited<ReturnType<JobStore['history']>> = await store.history({ after, limit: PAGE })
    for (const history of page.histories) {
      faults.push(...auditHistory(history, runs_kept))
      addToTotals(totals, history, runs_kept)
      on_history?.(history)
    }
    after = page.next
  } while (after !== null)
  return { faults, totals, ok: faults.length === 0 && imbalance(totals) === 0 }
}
