import type { Entry } from '../../domain/books.ts'
import type { JobStore } from '../port.ts'
import type { Connection } from './connection.ts'
import { runsIn, toJob } from './documents.ts'

/** The books, page by page. A job and its runs are one document, so that each account is as it was at one moment. */
export function accounting(db: Connection): Pick<JobStore, 'books'> {
  return {
    async books({ after, limit }) {
      const behind = { seq: { $gt: after ?? Number.MIN_SAFE_INTEGER } }
      const found = await db.call(() =>
        // In one batch: a cursor lives in the memory of one server, which may go.
        db.models.jobs.find(behind, { change_token: 0 }).sort({ seq: 1 }).limit(limit).batchSize(limit).lean(),
      )
      const accounts = found.map(({ history, ...row }) => ({
        job: toJob(row),
        entries: runsIn({ history }).map(toEntry),
      }))
      return { accounts, next: found.length < limit ? null : (found.at(-1)?.seq ?? null) }
    },
  }
}

function toEntry({ fence: _, ...run }: ReturnType<typeof runsIn>[number]): Entry {
  // Entries from before requeues were recorded have no such field.
  return { ...run, requeues: run.requeues ?? null } as Entry
}
