import { statSync } from 'node:fs'
import path from 'node:path'
import { invalid } from '../../domain/errors.ts'
import { newJobId, newToken } from '../../domain/ids.ts'
import type { NewJob, Shell } from '../../domain/job.ts'
import {
  GIVEN_FIELDS,
  JOB_FIELDS,
  type JobField,
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
  return (request) => {
    const cwd = request.cwd === null ? null : path.resolve(context.cwd, request.cwd)
    if (cwd !== null && context.local && !checked.has(cwd)) {
      checkFolder(cwd)
      checked.add(cwd)
    }
    const { id, run_at, delay, command, ...given } = request
    const policy = Object.fromEntries(POLICY_FIELDS.map((name) => [name, valueOr(request[name], config[name])]))
    const { shell, ...rest } = policy as Values<PolicyName>
    const problem = context.local ? context.unrunnable({ command, shell }) : null
    if (problem !== null) throw invalid(problem)
    return {
      ...given,
      ...rest,
      id: id ?? newJobId(),
      command,
      shell,
      cwd,
      run_at,
      delay_ms: Math.round(delay * 1000),
      origin_cwd: context.cwd,
      origin_host: context.host,
      insert_token: newToken(),
      content_hash: id === null ? null : digest({ ...request, cwd }),
    }
  }
}

/** Null is a valid policy: no limit. */
const valueOr = <Value>(given: Value | undefined, setting: Value) => (given === undefined ? setting : given)

/**
 * Only ids chosen by a caller can repeat, so other jobs save the time to load crypto. A digest must stay the same in
 * later versions: a field that is not named here is omitted while it has its default.
 */
function digest({ id, command, queue, priority, run_at, delay, cwd, env, ...others }: JobRequest): string {
  const policy = Object.fromEntries(POLICY_FIELDS.map((name) => [name, others[name]]))
  const newer = GIVEN_FIELDS.flatMap((name) => {
    const field: JobField = JOB_FIELDS[name]
    const value = (others as Partial<JobRequest>)[name]
    return field.from === 'caller' && value !== undefined && value !== field.default ? [[name, value]] : []
  })
  const content = { id, command, queue, priority, run_at, delay, policy, cwd, env, ...Object.fromEntries(newer) }
  return process.getBuiltinModule('node:crypto').hash('sha256', JSON.stringify(content))
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
