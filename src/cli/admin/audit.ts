import type { Fault } from '../../domain/audit.ts'
import { EXIT } from '../../domain/errors.ts'
import { imbalance, type RunTotals } from '../../domain/history.ts'
import { type Audit, auditStore } from '../../views/audit-view.ts'
import type { Context } from '../context.ts'
import { paint, pairs } from '../terminal/table.ts'
import { safe } from '../terminal/text.ts'

/** Faults shown to people. */
const SHOWN = 100

/** `audit`: exits 1 when it finds a fault. */
export async function audit(context: Context): Promise<void> {
  const store = await context.store()
  const { runs_kept } = store.info
  const result = await auditStore(store)
  const { faults, totals, ok } = result
  if (context.json) context.outJson({ ok, ...totals, runs_kept, faults })
  else context.out(auditText(result))
  if (totals.unrecorded > 0) {
    context.note(
      `only the last ${runs_kept} runs of a job are kept: ${totals.unrecorded} older ${totals.unrecorded === 1 ? 'run was' : 'runs were'} not checked`,
    )
  }
  if (!ok) context.exit(EXIT.unsuccessful)
}

function auditText({ faults, totals, ok }: Audit): string {
  const { jobs, starts, outcomes, running, unrecorded } = totals
  const total = Object.values(jobs).reduce((sum, n) => sum + n, 0)
  const ends = { ...outcomes, running, ...(unrecorded > 0 ? { 'not kept': unrecorded } : {}) }
  const lines = [
    pairs([
      ['Jobs', `${total}: ${listed(jobs)}`],
      ['Starts', `${starts}: ${listed(ends)}`],
    ]),
    ...faults.slice(0, SHOWN).map(faultText),
  ]
  if (faults.length > SHOWN) lines.push(`and ${faults.length - SHOWN} more; --json shows all`)
  return [...lines, ok ? paint(ALL_WELL, 'green') : paint(verdict(faults, totals), 'red')].join('\n')
}

const ALL_WELL = 'no faults: no job was lost, doubled or revived, and every start has one outcome'

function verdict(faults: readonly Fault[], totals: RunTotals): string {
  const jobs = new Set(faults.map(({ job }) => job)).size
  const missing = imbalance(totals)
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
