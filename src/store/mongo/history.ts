import type { EndedRun } from '../../domain/history.ts'
import type { JobStore } from '../port.ts'
import type { Connection } from './connection.ts'
import { runsIn, toJob } from './documents.ts'

/** The run history of all jobs, page by page. A job and its runs are one document, so that each history is as it was at one moment. */
export function historyReads(db: Connection): Pick<JobStore, 'history'> {
  return {
    async history({ after, limit }) {
      const behind = { seq: { $gt: after ?? Number.MIN_SAFE_INTEGER } }
      const found = await db.call(() =>
        // In one batch: a cursor lives in the memory of one server, which may go.
        db.models.jobs.find(behind, { change_token: 0 }).sort({ seq: 1 }).limit(limit).batchSize(limit).lean(),
      )
      const histories = found.map(({ history, ...row }) => ({
        job: toJob(row),
        runs: runsIn({ history }).map(toEndedRun),
      }))
      return { histories, next: found.length < limit ? null : (found.at(-1)?.seq ?? null) }
    },
  }
}

function toEndedRun({ fence: _, ...run }: ReturnType<typeof runsIn>[number]): EndedRun {
  // Entries from before requeues were recorded have no such field.
  return { ...run, requeues: run.requeues ?? null } as EndedRun
}
