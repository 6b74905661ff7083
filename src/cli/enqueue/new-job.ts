import { statSync } from 'node:fs'
import path from 'node:path'
import { invalid } from '../../domain/errors.ts'
import { newJobId, newToken } from '../../domain/ids.ts'
import type { NewJob, Shell } from '../../domain/job.ts'
import {
  fieldNames,
  type GivenName,
  JOB_FIELDS,
  type JobRequest,
  POLICY_FIELDS,
  type PolicyName,
  type Values,
} from '../../domain/job-fields.ts'
import type { Settings } from '../../domain/settings.ts'

/** Where jobs are enqueued, and the settings at that time. */
export interface EnqueueContext {
  config: Settings
  /** The working folder of `enqueue`. */
  cwd: string
  host: string
  /** Whether jobs run on this host: then what cannot run here is refused at enqueue. */
  local: boolean
  /** Why a command cannot run on this host; null if it can. */
  unrunnable: (job: { command: string; shell: Shell }) => string | null
}

/**
 * Returns a function that turns requests into stored jobs. It throws `invalid` for a cwd or shell that does not exist.
 */
export function jobMaker(context: EnqueueContext): (request: JobRequest) => NewJob {
  const { config } = context
  const checked = new Set<string>()
  const policy = Object.fromEntries(POLICY_FIELDS.map((name) => [name, config[name]])) as Values<PolicyName>
  return (request) => {
    const cwd = request.cwd === null ? null : path.resolve(context.cwd, request.cwd)
    if (cwd !== null && context.local && !checked.has(cwd)) {
      checkFolder(cwd)
      checked.add(cwd)
    }
    const { id, run_at, delay, ...given } = request
    const job = { ...policy, ...given, cwd }
    const problem = context.local ? context.unrunnable(job) : null
    if (problem !== null) throw invalid(problem)
    return {
      ...job,
      id: id ?? newJobId(),
      run_at,
      delay_ms: Math.round(delay * 1000),
      origin_cwd: context.cwd,
      origin_host: context.host,
      insert_token: newToken(),
      content_hash: id === null ? null : digest({ ...request, cwd }),
    }
  }
}

const DIGESTED = ['id', 'command', 'queue', 'priority', 'run_at', 'delay', 'cwd', 'env'] as const
const NEWER = fieldNames<Exclude<GivenName, PolicyName>>(
  ({ from }, name) => from === 'caller' && !(DIGESTED as readonly string[]).includes(name),
)

/**
 * Only ids chosen by a caller can repeat, so other jobs save the time to load crypto. A digest must stay the same in
 * later versions: a field that is not named here is omitted while it has its default.
 */
function digest(request: JobRequest): string {
  const { id, command, queue, priority, run_at, delay, cwd, env } = request
  const policy = Object.fromEntries(POLICY_FIELDS.map((name) => [name, request[name]]))
  const newer = NEWER.filter((name) => request[name] !== (JOB_FIELDS[name] as { default?: unknown }).default)
  const content = { id, command, queue, priority, run_at, delay, policy, cwd, env }
  const all = { ...content, ...Object.fromEntries(newer.map((name) => [name, request[name]])) }
  return process.getBuiltinModule('node:crypto').hash('sha256', JSON.stringify(all))
}

function checkFolder(cwd: string): void {
  let is_folder: boolean | undefined
  try {
    is_folder = statSync(cwd, { throwIfNoEntry: false })?.isDirectory()
  } catch (error) {
    throw invalid(`cannot use cwd ${cwd}: ${(error as Error).message}`)
  }
  if (!is_folder) throw invalid(`cwd ${cwd} ${is_folder === undefined ? 'does not exist' : 'is not a folder'}`)
}
