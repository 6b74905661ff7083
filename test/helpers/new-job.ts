import { readJob } from '../../src/cli/enqueue/job-input.ts'
import { jobMaker } from '../../src/cli/enqueue/new-job.ts'
import { newJobId, newToken } from '../../src/domain/ids.ts'
import type { NewJob } from '../../src/domain/job.ts'
import { effectiveSettings } from '../../src/domain/settings.ts'

/** A job as `enqueue` creates it with the default settings. Its folder need not exist. */
export function madeOf(job: Record<string, unknown>): NewJob {
  const here = { cwd: '/somewhere', host: 'here', local: false, unrunnable: () => null }
  return jobMaker({ config: effectiveSettings({}), ...here })(readJob(job))
}

const PLAIN = madeOf({ command: 'true' })

/** A job to store, with every field. */
export function newJob(over: Partial<NewJob> = {}): NewJob {
  return { ...PLAIN, id: newJobId(), insert_token: newToken(), ...over }
}
