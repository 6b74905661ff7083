import type { AnyProcess, Beat, Sample } from '../../domain/processes.ts'
import { SAMPLES_KEPT_MS } from '../../domain/timing.ts'
import type { JobStore } from '../port.ts'
import { soundProcess, soundSample } from '../process-checks.ts'
import { parsed } from '../row-checks.ts'
import type { Connection } from './connection.ts'
import { renewNow } from './leases.ts'

const BEAT = `
  INSERT INTO processes (id, supervisor_id, started_at, beat_at, beats, body) VALUES (?1, ?2, ?3, ?3, 1, ?4)
  ON CONFLICT (id) DO UPDATE SET beat_at = ?3, beats = beats + 1, body = ?4`

/** A worker that still owns a job stays registered: recovery needs its identity. */
const FORGET = `
  DELETE FROM processes WHERE supervisor_id = ? AND id NOT IN (SELECT value FROM json_each(?))
    AND id NOT IN (SELECT processing_by FROM jobs WHERE state = 'processing')`

/** Registered supervisors and workers, with their resource use. */
export function registering(db: Connection): Pick<JobStore, 'beat' | 'processes' | 'deregister' | 'samples'> {
  return {
    beat: ({ supervisor, workers, tokens, lease_ms, sample }) =>
      db.write(
        (now) => {
          for (const process of [supervisor, ...workers]) writeBeat(db, process, now)
          db.run(FORGET, supervisor.id, JSON.stringify(workers.map(({ id }) => id)))
          if (sample) writeSample(db, { at: now, ...sample })
          return renewNow(db, tokens, now + lease_ms)
        },
        { durable: true },
      ),
    processes: () => db.read(() => db.all('SELECT * FROM processes ORDER BY started_at, id').map(toProcess)),
    deregister: ({ ids }) =>
      db.write(
        () => {
          for (const id of ids) db.run('DELETE FROM processes WHERE id = ?', id)
        },
        { durable: true },
      ),
    samples: ({ since }) =>
      db.read((now) => {
        const from = Math.max(since, now - SAMPLES_KEPT_MS)
        return db
          .all('SELECT body FROM samples WHERE at >= ? ORDER BY at', from)
          .flatMap((row) => soundSample(parsed(row.body)) ?? [])
      }),
  }
}

function writeBeat(db: Connection, process: Beat<AnyProcess>, now: number): void {
  const supervisor_id = 'supervisor_id' in process ? String(process.supervisor_id) : null
  db.run(BEAT, process.id, supervisor_id, now, JSON.stringify(process))
}

function writeSample(db: Connection, sample: Sample): void {
  db.run('DELETE FROM samples WHERE at < ?', sample.at - SAMPLES_KEPT_MS)
  db.run('INSERT OR REPLACE INTO samples VALUES (?, ?, ?)', sample.at, sample.supervisor_id, JSON.stringify(sample))
}

/** The process in a row of the registry. */
export function toProcess({
  id,
  supervisor_id,
  started_at,
  beat_at,
  beats,
  body,
}: Record<string, unknown>): AnyProcess {
  const owner = supervisor_id === null ? {} : { supervisor_id }
  return soundProcess({ id: String(id), ...owner, started_at, beat_at, beats }, parsed(body))
}
