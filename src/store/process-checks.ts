import { type AnyProcess, type Control, MOST_WORKERS, type ProcessIdentity, type Sample } from '../domain/processes.ts'
import {
  fields,
  isNumber,
  isObject,
  isText,
  isTime,
  isWhole,
  mend,
  orNull,
  type Stored,
  type Test,
} from './row-checks.ts'

const listOf =
  (test: Test): Test =>
  (value) =>
    Array.isArray(value) && value.every(test)

const isIdentity: Test = (value) =>
  isObject(value) &&
  ['host_id', 'boot_id', 'pid_ns', 'start'].every((name) => isText(value[name])) &&
  isWhole(value.pid)

/** Belongs to no existing host: its liveness is unknown, so nothing kills it or takes it for gone at once. */
const NOBODY: ProcessIdentity = { host_id: '', boot_id: '', pid_ns: '', pid: 0, start: '' }

const USAGE = fields(['cpu', 'rss'], orNull(isNumber), null)

const COMMON = [
  ...fields(['host'], isText, ''),
  ...fields(['identity'], isIdentity, NOBODY),
  ...fields(['started_at', 'beat_at'], isTime, 0),
  ...fields(['beats', 'done', 'failed', 'restarts'], isWhole, 0),
  ...USAGE,
]

const SUPERVISOR = [
  ...COMMON,
  ...fields(['state'], isText, 'running'),
  ...fields(['version', 'cwd'], isText, ''),
  ...fields(['count', 'concurrency'], isWhole, 0),
  ...fields(['queues'], orNull(listOf(isText)), null),
  ...fields(['grace'], isNumber, 0),
  ...fields(['log'], orNull(isText), null),
  ...fields(['stuck'], (value) => isObject(value) && Object.values(value).every(isText), {}),
  ...fields(['low_space'], orNull(isLowSpace), null),
]

const WORKER = [
  ...COMMON,
  ...fields(['state'], isText, 'idle'),
  ...fields(['supervisor_id'], isText, ''),
  ...fields(['jobs'], Array.isArray, []),
]

const RUNNING = [
  ...fields(['id', 'token', 'command'], isText, ''),
  ...fields(['run'], isWhole, 0),
  ...fields(['pid'], orNull(isWhole), null),
  ...fields(['started_at'], isTime, 0),
  ...fields(['note'], orNull(isText), null),
  ...USAGE,
]

/**
 * Checks a process read from the registry. `kept`: the columns that the store itself maintains; `body`: what the
 * process reported. An invalid one stays in the list as a process of another host: it is removed when it has sent no
 * heartbeat for long enough.
 */
export function soundProcess(kept: Stored & { id: string }, body: unknown): AnyProcess {
  const row: Record<string, unknown> = { ...(isObject(body) ? body : {}), ...kept }
  if (row.kind !== 'worker' && row.kind !== 'supervisor') row.kind = row.supervisor_id == null ? 'supervisor' : 'worker'
  mend(row, row.kind === 'supervisor' ? SUPERVISOR : WORKER)
  if (row.kind === 'worker') {
    row.jobs = (row.jobs as unknown[]).filter(isObject).map((job) => {
      const running = { ...job }
      mend(running, RUNNING)
      return running
    })
  }
  return row as unknown as AnyProcess
}

/** Checks a request read from a store; null: what was requested is unknown. */
export function soundControl(row: Stored): Control | null {
  const { id, supervisor_id, kind, args, state, result, created_at } = row
  const asked = isText(id) && isText(supervisor_id) && (kind === 'stop' || kind === 'scale') && isArgs(args)
  if (!asked || !isTime(created_at)) return null
  return { id, supervisor_id, kind, args, state, created_at, result: isResult(result) ? result : null } as Control
}

/** Checks a sample read from a store; null: it is useless. */
export function soundSample(value: unknown): Sample | null {
  if (!isObject(value) || !isTime(value.at) || !isText(value.supervisor_id)) return null
  return isNumber(value.done) && isNumber(value.failed) && Array.isArray(value.processes)
    ? (value as unknown as Sample)
    : null
}

function isArgs(value: unknown): boolean {
  if (!isObject(value)) return false
  const { force, worker_id, count } = value
  const counts = count === undefined || (isWhole(count) && (count as number) >= 0 && (count as number) <= MOST_WORKERS)
  return counts && (force === undefined || typeof force === 'boolean') && (worker_id === undefined || isText(worker_id))
}

function isResult(value: unknown): boolean {
  if (!isObject(value)) return false
  const { killed, released, left, count } = value
  const leaves = left === undefined || listOf((one) => isObject(one) && isText(one.id) && isText(one.reason))(left)
  const scales = count === undefined || (isObject(count) && isWhole(count.from) && isWhole(count.to))
  return isWhole(killed) && isWhole(released) && leaves && scales
}

function isLowSpace(value: unknown): boolean {
  return isObject(value) && isText(value.path) && isNumber(value.free) && isNumber(value.min_free)
}
