import { type Diagnosis, fine, problem, warning } from '../domain/diagnosis.ts'
import { platform } from '../platform/platform.ts'
import type { JobStore } from '../store/port.ts'
import { auditStore } from '../views/audit-view.ts'
import { halfMadeIn, journalFilesIn, logsIn, type Remains, removeRemains } from './leftover-files.ts'

/** What is younger may be of a run or a command that is on its way. */
const SETTLED_MS = 60_000

/** The check of a large copy takes its time, in which it is not written to. */
const COPIED_MS = 3_600_000

/** The run history, and what no run in it needs any more on this host's disk. `file`: the store's own; null: it is elsewhere. */
export async function examineRecords(store: JobStore, file: string | null): Promise<Diagnosis[]> {
  const { folder } = store.info
  // Listed first: what is listed and not in the history that is read after it is of no run that goes on.
  const olderThan = (ms: number) => (remains: Remains) => Date.now() - remains.changed_at > ms
  const old = olderThan(SETTLED_MS)
  const logs = new Map(logsIn(folder).map((log) => [log.token, log]))
  const { journal, spare } = journalFilesIn(folder)
  const half_made = file === null ? [] : halfMadeIn(file).filter(olderThan(COPIED_MS))
  const audit = await auditStore(store, ({ job, runs }) => {
    for (const { token } of runs) logs.delete(token)
    if (job?.run_token) logs.delete(job.run_token)
  })
  const needed = new Set((await store.processing()).map(({ run_token }) => run_token))
  const remains = [
    ...journal.filter(({ token }) => !needed.has(token)).filter(old),
    ...((await isInUse(store)) ? [] : spare),
    ...[...logs.values()].filter(old),
    ...half_made,
  ]
  return [historyCheck(audit), remains.length === 0 ? fine('leftovers', 'none') : leftovers(remains)]
}

function historyCheck({ ok, faults }: Awaited<ReturnType<typeof auditStore>>): Diagnosis {
  if (ok) return fine('books', 'every start has one outcome')
  const [first] = faults
  const example = first === undefined ? '' : `: ${first.job ?? ''} ${first.message}`
  const more = faults.length > 1 ? `, and ${faults.length - 1} more` : ''
  return problem('books', `they do not balance${example}${more}`, 'queuectl audit shows all; keep a copy of the store')
}

/** Files of living workers that wait for their next run. */
async function isInUse(store: JobStore): Promise<boolean> {
  return (await store.processes()).some(({ identity }) => platform.liveness(identity) === 'alive')
}

function leftovers(remains: readonly Remains[]): Diagnosis {
  const message = `${remains.length} files of no run, such as ${remains[0]?.path}`
  return {
    ...warning('leftovers', message, 'queuectl doctor --fix removes them'),
    async mend() {
      removeRemains(remains)
      return `removed ${remains.length} files of no run`
    },
  }
}
