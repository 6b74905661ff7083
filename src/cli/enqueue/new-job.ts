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

/** Where and under which settings jobs are enqueued. */
export interface EnqueueContext {
  config: Settings
  /** Folder where `enqueue` was typed. */
  cwd: string
  host: string
  /** Jobs run on this host, so what cannot run here is an error now and not later. */
  local: boolean
  /** Why a command cannot be run on this host; null when it can. */
  unrunnable: (job: { command: string; shell: Shell }) => string | null
}

/** Returns a function that makes the stored form of one request after another. It throws `invalid` for a cwd or shell that is not there. */
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
 * Only ids chosen by a caller can be repeated: a job without one is spared the time it takes to load crypto. A digest must stay
 * the same in later versions: a field that is not named here is left out while it has its default.
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
    throw invalid(`cwd ${cwd} cannot be used: ${(error as Error).message}`)
  }
  if (!is_folder) throw invalid(`cwd ${cwd} is ${is_folder === undefined ? 'not there' : 'not a folder'}`)
}
