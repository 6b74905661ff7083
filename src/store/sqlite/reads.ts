import { type Run, VIEWS } from '../../domain/job.ts'
import type { Counts, JobStore, Overview } from '../port.ts'
import { soundRun } from '../row-checks.ts'
import type { Connection, Row } from './connection.ts'
import { COLUMNS, toJob } from './rows.ts'
import { COUNTED } from './schema.ts'

const RUNS = `
  SELECT number, token, worker, host, started_at, finished_at, outcome, exit_code, signal, cause
  FROM runs WHERE seq = (SELECT seq FROM jobs WHERE id = ?) ORDER BY number`

// Uses no index: only hosts that a purge does not reach need this query.
const RECORDED = 'SELECT token FROM runs WHERE token IN (SELECT value FROM json_each(?))'

const OVERDUE = `
  SELECT queue, iif(attempts > 0, 'retrying', 'scheduled') AS view, count(*) AS n FROM jobs
  WHERE state = 'pending' AND ready = 0 AND next_run_at <= ? GROUP BY 1, 2`

const oldest = (ready: 0 | 1) =>
  `SELECT next_run_at FROM jobs WHERE state = 'pending' AND ready = ${ready} AND next_run_at <= ? ORDER BY next_run_at LIMIT 1`

/** Reads single jobs and counts them; pages are in list.ts. */
export function reading(db: Connection): Pick<JobStore, 'get' | 'findIds' | 'runs' | 'recorded' | 'overview'> {
  return {
    get: ({ id }) =>
      db.read(() => {
        const row = db.get(`SELECT ${COLUMNS} FROM jobs WHERE id = ?`, id)
        return row ? toJob(row) : null
      }),
    findIds: ({ prefix, limit }) =>
      db.read(() =>
        // "~" sorts after every character that an ID may contain.
        db
          .all('SELECT id FROM jobs WHERE id >= ? AND id < ? ORDER BY id LIMIT ?', prefix, `${prefix}~`, limit)
          .map((row) => String(row.id)),
      ),
    runs: ({ id }) => db.read(() => db.all(RUNS, id).map((row) => soundRun<Run>({ ...row }))),
    recorded: ({ tokens }) =>
      db.read(() => {
        const known = new Set(db.all(RECORDED, JSON.stringify(tokens)).map(({ token }) => String(token)))
        return tokens.filter((token) => known.has(token))
      }),
    overview: () => db.read((now) => overviewAt(db, now)),
  }
}

function countsIn(row: Row): Counts {
  return Object.fromEntries(VIEWS.map((view) => [view, Number(row[view]) || 0])) as Counts
}

/** From the counters: as fast for a million jobs as for ten. Jobs that are due but not promoted yet count as ready. */
function overviewAt(db: Connection, now: number): Overview {
  const rows = db.all(COUNTED).map(({ queue, ...counts }) => [String(queue), countsIn(counts)] as const)
  const queues: Record<string, Counts> = Object.fromEntries(rows)
  for (const { queue, view, n } of db.all(OVERDUE, now)) {
    const counts = queues[String(queue)]
    if (!counts) continue
    counts[view as keyof Counts] -= Number(n)
    counts.ready += Number(n)
  }
  const total = Object.fromEntries(
    VIEWS.map((view) => [view, Object.values(queues).reduce((sum, counts) => sum + counts[view], 0)]),
  )
  const first = [db.get(oldest(1), now), db.get(oldest(0), now)].flatMap((row) =>
    row ? [Number(row.next_run_at)] : [],
  )
  return { total: total as Counts, queues, oldest_ready_at: first.length > 0 ? Math.min(...first) : null }
}
