import type { AnyProcess, Beat, SupervisorRow, WorkerRow } from '../../domain/processes.ts'
import { SAMPLES_KEPT_MS } from '../../domain/timing.ts'
import type { JobStore } from '../port.ts'
import { soundProcess, soundSample } from '../process-checks.ts'
import { isObject, type Stored } from '../row-checks.ts'
import { writeBeats } from './beats.ts'
import type { Connection } from './connection.ts'
import { timeOf } from './documents.ts'
import { renewLeases } from './leases.ts'
import type { ProcessDocument } from './models.ts'

/** Characters kept of each running command: a worker's 256 commands of 64 KiB would not fit into a document. */
const COMMAND_LENGTH = 1024

type Sign = Beat<SupervisorRow> | Beat<WorkerRow>

/** Supervisors and workers on record, with their resource use. */
export function registering(db: Connection): Pick<JobStore, 'beat' | 'processes' | 'deregister' | 'samples'> {
  const { processes, samples } = db.models
  return {
    async beat({ supervisor, workers, tokens, lease_ms, sample }) {
      const rows = [supervisor, ...workers].map((row) => signOfLife(row, db.now()))
      const [renewed] = await Promise.all([
        renewLeases(db, tokens, lease_ms),
        writeBeats(db, [supervisor.id, ...workers.map(({ id }) => id)], () =>
          processes.bulkWrite(rows as never, { ordered: false }),
        ),
        forgetOthers(db, supervisor.id, workers),
        sample && keepSample(db, sample),
      ])
      return renewed
    },
    async processes() {
      const rows = await db.call(() => processes.find().sort({ started_at: 1, _id: 1 }).lean())
      return rows.map(toProcess)
    },
    async deregister({ ids }) {
      await db.call(() => processes.deleteMany({ _id: { $in: [...ids] } }))
    },
    async samples({ since }) {
      // The server removes older ones, but only once a minute.
      const from = new Date(Math.max(since, db.now() - SAMPLES_KEPT_MS))
      const found = await db.call(() =>
        samples
          .find({ at: { $gte: from } }, { _id: 0 })
          .sort({ at: 1 })
          .lean(),
      )
      return found.flatMap((sample) => soundSample({ ...sample, at: timeOf(sample.at) }) ?? [])
    },
  }
}

/**
 * The heartbeat's write. Times are the server's, except the start: only the first heartbeat sets it, which no operator
 * can do.
 */
function signOfLife(row: Sign, now: number) {
  const set = { $set: toFields(row), $inc: { beats: 1 }, $currentDate: { beat_at: true } }
  const update = { ...set, $setOnInsert: { started_at: new Date(now) } }
  return { updateOne: { filter: { _id: row.id }, update, upsert: true } }
}

/** A worker that still owns a job stays on record: recovery needs its identity. */
async function forgetOthers(db: Connection, supervisor_id: string, workers: readonly { id: string }[]): Promise<void> {
  const { jobs, processes } = db.models
  const owners = await db.call(() => jobs.distinct('processing_by', { view: 'processing' }))
  const kept = [...workers.map(({ id }) => id), ...owners.filter((owner) => typeof owner === 'string')]
  await db.call(() => processes.deleteMany({ supervisor_id, _id: { $nin: kept } }))
}

async function keepSample(
  db: Connection,
  sample: NonNullable<Parameters<JobStore['beat']>[0]['sample']>,
): Promise<void> {
  const at = new Date(db.now())
  const { supervisor_id, done, failed, processes } = sample
  const fields = { at, supervisor_id, done, failed, processes: [...processes] }
  const _id = `${supervisor_id} ${at.getTime()}`
  await db.call(() => db.models.samples.updateOne({ _id }, { $set: fields }, { upsert: true }))
}

function toFields(beat: Sign) {
  if (beat.kind === 'supervisor') {
    const { id: _, stuck, ...row } = beat
    return { ...row, stuck: Object.entries(stuck).map(([id, reason]) => ({ id, reason })) }
  }
  const { id: _, jobs, ...row } = beat
  const shortened = jobs.map(({ command, started_at, ...job }) => {
    return { ...job, command: command.slice(0, COMMAND_LENGTH), started_at: new Date(started_at) }
  })
  return { ...row, jobs: shortened }
}

function toProcess(document: ProcessDocument): AnyProcess {
  const { _id, started_at, beat_at, beats, stuck, jobs, ...body }: Stored = { ...document }
  const kept = { id: String(_id), started_at: timeOf(started_at), beat_at: timeOf(beat_at), beats }
  const own = body.kind === 'worker' ? { jobs: listed(jobs).map(toRunning) } : { stuck: toStuck(listed(stuck)) }
  return soundProcess(kept, { ...body, ...own })
}

const toRunning = (job: Stored) => ({ ...job, started_at: timeOf(job.started_at) })
const toStuck = (stuck: readonly Stored[]) => Object.fromEntries(stuck.map(({ id, reason }) => [String(id), reason]))
const listed = (value: unknown): Stored[] => (Array.isArray(value) ? value.filter(isObject) : [])
