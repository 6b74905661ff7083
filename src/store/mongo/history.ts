import type { EndedRun } from '../../domain/history.ts'
import type { JobStore } from '../port.ts'
import type { Connection } from './connection.ts'
import { runsIn, toJob } from './documents.ts'

/** The run history of all jobs, page by page. A job and its runs are one document, so each history is consistent. */
export function historyReads(db: Connection): Pick<JobStore, 'history'> {
  return {
    async history({ after, limit }) {
      const behind = { seq: { $gt: after ?? Number.MIN_SAFE_INTEGER } }
      const found = await db.call(() =>
        // In one batch: a cursor is lost together with its server.
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
  // Entries of older versions lack the field.
  return { ...run, requeues: run.requeues ?? null } as EndedRun
}
