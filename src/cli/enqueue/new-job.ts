import { statSync } from 'node:fs'
import path from 'node:path'
import { invalid } from '../../domain/errors.ts'
import { newJobId, newToken } from '../../domain/ids.ts'
import type { NewJob, Shell } from '../../domain/job.ts'
import type { Settings } from '../../domain/settings.ts'
import type { JobRequest } from './job-input.ts'

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
  return (request) => {
    const cwd = request.cwd === null ? null : path.resolve(context.cwd, request.cwd)
    if (cwd !== null && context.local && !checked.has(cwd)) {
      checkFolder(cwd)
      checked.add(cwd)
    }
    const { id, command, queue, priority, run_at, delay, policy, env } = request
    const shell = policy.shell ?? config.shell
    const problem = context.local ? context.unrunnable({ command, shell }) : null
    if (problem !== null) throw invalid(problem)
    return {
      id: id ?? newJobId(),
      command,
      shell,
      queue,
      priority,
      max_retries: policy.max_retries ?? config.max_retries,
      max_interruptions: policy.max_interruptions ?? config.max_interruptions,
      backoff_base: policy.backoff_base ?? config.backoff_base,
      backoff_max: policy.backoff_max ?? config.backoff_max,
      timeout: policy.timeout === undefined ? config.timeout : policy.timeout,
      cwd,
      env,
      run_at,
      delay_ms: Math.round(delay * 1000),
      origin_cwd: context.cwd,
      origin_host: context.host,
      insert_token: newToken(),
      content_hash: id === null ? null : digest({ ...request, cwd }),
    }
  }
}

/** Only ids chosen by a caller can be repeated: whoever lets one be made up is spared the time it takes to load crypto. */
function digest(request: JobRequest): string {
  return process.getBuiltinModule('node:crypto').hash('sha256', JSON.stringify(request))
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
