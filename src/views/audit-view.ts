import { auditAccount, type Fault } from '../domain/audit.ts'
import type { Account } from '../domain/history.ts'
import { count, emptyTally, imbalance, type Tally } from '../domain/tally.ts'
import type { JobStore } from '../store/port.ts'

/** Jobs read at a time: each page is one snapshot, and holds nobody up. */
const PAGE = 500

export interface Audit {
  faults: Fault[]
  tally: Tally
  /** No fault, and every start has an outcome. */
  ok: boolean
}

/** Replays all runs on record, while workers run or not. `on_account` sees each job's books as they pass. */
export async function auditBooks(store: JobStore, on_account?: (account: Account) => void): Promise<Audit> {
  const { runs_kept } = store.info
  const faults: Fault[] = []
  const tally = emptyTally()
  let after: number | null = null
  do {
    const page: Awaited<ReturnType<JobStore['books']>> = await store.books({ after, limit: PAGE })
    for (const account of page.accounts) {
      faults.push(...auditAccount(account, runs_kept))
      count(tally, account, runs_kept)
      on_account?.(account)
    }
    after = page.next
  } while (after !== null)
  return { faults, tally, ok: faults.length === 0 && imbalance(tally) === 0 }
}
