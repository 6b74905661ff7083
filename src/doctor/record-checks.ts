import { type Diagnosis, fine, problem, warning } from '../domain/diagnosis.ts'
import { platform } from '../platform/platform.ts'
import type { JobStore } from '../store/port.ts'
import { auditStore } from '../views/audit-view.ts'
import { journalFilesIn, logsIn, type Remains, removeRemains, unfinishedIn } from './leftover-files.ts'

/** A younger file may belong to a run or command that has just started. */
const SETTLED_MS = 60_000

/** A large copy is not written to while it is checked, which takes long. */
const COPIED_MS = 3_600_000

/**
 * Checks the run history and this host's disk for files that no run needs. `file`: the store's file; null on a server.
 */
export async function examineRecords(store: JobStore, file: string | null): Promise<Diagnosis[]> {
  const { folder } = store.info
  // Files are listed before the history is read: a listed file that the history lacks belongs to no current run.
  const olderThan = (ms: number) => (remains: Remains) => Date.now() - remains.changed_at > ms
  const old = olderThan(SETTLED_MS)
  const logs = new Map(logsIn(folder).map((log) => [log.token, log]))
  const { journal, spare } = journalFilesIn(folder)
  const unfinished = file === null ? [] : unfinishedIn(file).filter(olderThan(COPIED_MS))
  const audit = await auditStore(store, ({ job, runs }) => {
    for (const { token } of runs) logs.delete(token)
    if (job?.run_token) logs.delete(job.run_token)
  })
  const needed = new Set((await store.processing()).map(({ run_token }) => run_token))
  const remains = [
    ...journal.filter(({ token }) => !needed.has(token)).filter(old),
    ...((await isInUse(store)) ? [] : spare),
    ...[...logs.values()].filter(old),
    ...unfinished,
  ]
  return [historyCheck(audit), remains.length === 0 ? fine('leftovers', 'none') : leftovers(remains)]
}

function historyCheck({ ok, faults }: Awaited<ReturnType<typeof auditStore>>): Diagnosis {
  if (ok) return fine('books', 'every start has one outcome')
  const [first] = faults
  const example = first === undefined ? '' : `: ${first.job ?? ''} ${first.message}`
  const more = faults.length > 1 ? `, and ${faults.length - 1} more` : ''
  const message = `the run history has faults${example}${more}`
  return problem('books', message, 'queuectl audit shows all faults; keep a copy of the store')
}

/** Whether a living worker may use the spare files for its next run. */
async function isInUse(store: JobStore): Promise<boolean> {
  return (await store.processes()).some(({ identity }) => platform.liveness(identity) === 'alive')
}

function leftovers(remains: readonly Remains[]): Diagnosis {
  const files = `${remains.length} leftover file${remains.length === 1 ? '' : 's'}`
  const message = `${files}, for example ${remains[0]?.path}`
  return {
    ...warning('leftovers', message, 'queuectl doctor --fix removes them'),
    async mend() {
      removeRemains(remains)
      return `removed ${files}`
    },
  }
}
