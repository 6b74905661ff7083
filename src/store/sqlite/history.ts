import type { EndedRun, JobHistory } from '../../domain/history.ts'
import type { JobStore } from '../port.ts'
import { soundRun } from '../row-checks.ts'
import type { Connection, Row } from './connection.ts'
import { COLUMNS, toJob } from './rows.ts'

const JOBS = `SELECT seq, ${COLUMNS} FROM jobs WHERE seq > ? ORDER BY seq LIMIT ?`

const RUNS = `
  SELECT seq, number, token, worker, host, started_at, finished_at, outcome, exit_code, signal, cause, state, requeues
  FROM runs WHERE seq > ? AND seq <= ? ORDER BY seq, number`

/** The run history, page by page: two ranges of primary keys, read on one snapshot. */
export function historyReads(db: Connection): Pick<JobStore, 'history'> {
  return {
    history: ({ after, limit }) =>
      db.read(() => {
        const from = after ?? Number.MIN_SAFE_INTEGER
        const jobs = new Map(db.all(JOBS, from, limit).map(({ seq, ...row }) => [Number(seq), toJob(row)]))
        // The last page ends with the last run, whether or not its job exists.
        const next = jobs.size < limit ? null : Number([...jobs.keys()].at(-1))
        const runs = Map.groupBy(db.all(RUNS, from, next ?? Number.MAX_SAFE_INTEGER), ({ seq }) => Number(seq))
        const seqs = [...new Set([...jobs.keys(), ...runs.keys()])].sort((a, b) => a - b)
        const historyAt = (seq: number): JobHistory => {
          return { job: jobs.get(seq) ?? null, runs: (runs.get(seq) ?? []).map(toEndedRun) }
        }
        return { histories: seqs.map(historyAt), next }
      }),
  }
}

function toEndedRun({ seq: _, ...row }: Row): EndedRun {
  return soundRun(row)
}
