import { auditAccount, type Fault } from '../domain/audit.ts'
import type { Account } from '../domain/books.ts'
import { EXIT } from '../domain/errors.ts'
import { count, emptyTally, imbalance, type Tally } from '../domain/tally.ts'
import type { JobStore } from '../store/port.ts'
import type { Context } from './context.ts'
import { paint, pairs } from './output.ts'
import { safe } from './text.ts'

/** Jobs read at a time: each page is one snapshot, and holds nobody up. */
const PAGE = 500
/** So many faults are shown to people. */
const SHOWN = 100

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

/** `audit`: exits 1 when something is wrong. */
export async function audit(context: Context): Promise<void> {
  const store = await context.store()
  const { runs_kept } = store.info
  const result = await auditBooks(store)
  const { faults, tally, ok } = result
  if (context.json) context.outJson({ ok, ...tally, runs_kept, faults })
  else context.out(auditText(result))
  if (tally.unrecorded > 0) {
    context.note(
      `the last ${runs_kept} runs of a job stay on record here: ${tally.unrecorded} older ones were not checked`,
    )
  }
  if (!ok) context.exit(EXIT.unsuccessful)
}

function auditText({ faults, tally, ok }: Audit): string {
  const { jobs, starts, outcomes, running, unrecorded } = tally
  const total = Object.values(jobs).reduce((sum, n) => sum + n, 0)
  const books = { ...outcomes, running, ...(unrecorded > 0 ? { 'not on record': unrecorded } : {}) }
  const lines = [
    pairs([
      ['Jobs', `${total}: ${listed(jobs)}`],
      ['Starts', `${starts}: ${listed(books)}`],
    ]),
    ...faults.slice(0, SHOWN).map(faultText),
  ]
  if (faults.length > SHOWN) lines.push(`and ${faults.length - SHOWN} more: --json shows all`)
  return [...lines, ok ? paint(ALL_WELL, 'green') : paint(verdict(faults, tally), 'red')].join('\n')
}

const ALL_WELL = 'all is well: no job was lost, doubled or revived, and every start has one outcome'

function verdict(faults: readonly Fault[], tally: Tally): string {
  const jobs = new Set(faults.map(({ job }) => job)).size
  const missing = imbalance(tally)
  const balance = missing === 0 ? '' : `; starts and outcomes differ by ${Math.abs(missing)}`
  return `${faults.length} fault${faults.length === 1 ? '' : 's'} in ${jobs} job${jobs === 1 ? '' : 's'}${balance}`
}

function faultText({ kind, job, message }: Fault): string {
  return `${paint(kind.replace('_', ' '), 'red')}  ${safe(job === null ? message : `${job}: ${message}`)}`
}

function listed(numbers: Readonly<Record<string, number>>): string {
  return Object.entries(numbers)
    .map(([name, n]) => `${name} ${n}`)
    .join(', ')
}
