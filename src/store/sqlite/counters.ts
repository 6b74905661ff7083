import { type Diagnosis, fine, problem } from '../../domain/diagnosis.ts'
import type { Connection } from './connection.ts'
import { COUNTED, RECOUNTED } from './schema.ts'

const DIFFERING = `
  SELECT queue FROM (SELECT * FROM (${COUNTED} EXCEPT ${RECOUNTED}) UNION ALL SELECT * FROM (${RECOUNTED} EXCEPT ${COUNTED})) GROUP BY queue`

/** Compares the counters, which `status` shows, with the jobs. */
export async function examineCounters(db: Connection): Promise<Diagnosis> {
  const queues = (await db.read(() => db.all(DIFFERING))).map(({ queue }) => String(queue))
  if (queues.length === 0) return fine('counters', 'match the jobs')
  return {
    ...problem(
      'counters',
      `the counters of ${queues.length === 1 ? 'queue' : 'queues'} ${queues.join(', ')} differ from the jobs: status is wrong, the jobs are safe`,
      'queuectl doctor --fix counts again',
    ),
    async mend() {
      await db.write(() => recount(db), { durable: true })
      return 'counted again'
    },
  }
}

/** Counts the jobs again, inside a write. */
export function recount(db: Connection): void {
  db.exec(`DELETE FROM counters; INSERT INTO counters ${RECOUNTED}`)
}
