import type { Account, Entry } from '../../domain/history.ts'
import type { JobStore } from '../port.ts'
import { soundRun } from '../row-checks.ts'
import type { Connection, Row } from './connection.ts'
import { COLUMNS, toJob } from './rows.ts'

const JOBS = `SELECT seq, ${COLUMNS} FROM jobs WHERE seq > ? ORDER BY seq LIMIT ?`

const ENTRIES = `
  SELECT seq, number, token, worker, host, started_at, finished_at, outcome, exit_code, signal, cause, state, requeues
  FROM runs WHERE seq > ? AND seq <= ? ORDER BY seq, number`

/** The books, page by page: two ranges of primary keys, read on one snapshot. */
export function accounting(db: Connection): Pick<JobStore, 'books'> {
  return {
    books: ({ after, limit }) =>
      db.read(() => {
        const from = after ?? Number.MIN_SAFE_INTEGER
        const jobs = new Map(db.all(JOBS, from, limit).map(({ seq, ...row }) => [Number(seq), toJob(row)]))
        // The last page ends with the last run, whether its job is there or not.
        const next = jobs.size < limit ? null : Number([...jobs.keys()].at(-1))
        const entries = Map.groupBy(db.all(ENTRIES, from, next ?? Number.MAX_SAFE_INTEGER), ({ seq }) => Number(seq))
        const places = [...new Set([...jobs.keys(), ...entries.keys()])].sort((a, b) => a - b)
        const account = (seq: number): Account => {
          return { job: jobs.get(seq) ?? null, entries: (entries.get(seq) ?? []).map(toEntry) }
        }
        return { accounts: places.map(account), next }
      }),
  }
}

function toEntry({ seq: _, ...row }: Row): Entry {
  return soundRun(row)
}
