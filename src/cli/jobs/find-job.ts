import { EXIT, invalid, notFound, QueuectlError } from '../../domain/errors.ts'
import { isJobId, NAME_RULE } from '../../domain/ids.ts'
import type { Job } from '../../domain/job.ts'
import type { JobStore } from '../../store/port.ts'
import type { Context } from '../context.ts'

const SHOWN = 10

/**
 * The job that `text` names: by its id or a prefix of it. Throws `not_found` (3), `ambiguous_id` (3) with the
 * candidates, and `invalid` (2) for a text that cannot be an id.
 */
export async function findJob(store: JobStore, text: string): Promise<Job> {
  checkId(text)
  const job = await store.get({ id: text })
  if (job !== null) return job
  const id = await completeId(store, text)
  const completed = id === null ? null : await store.get({ id })
  if (completed === null) throw notFound(`no job with ID "${text}"`, 'queuectl list shows the jobs')
  return completed
}

/**
 * The ids of the jobs that a command changes. Prefixes are accepted only from a person at a terminal: in a script, a
 * short id may match another job tomorrow. An id without a job is returned unchanged, for the store to report.
 */
export async function idsToChange(context: Context, store: JobStore, texts: readonly string[]): Promise<string[]> {
  const ids: string[] = []
  for (const text of texts) {
    checkId(text)
    const exact = !context.interactive || (await store.get({ id: text })) !== null
    ids.push(exact ? text : ((await completeId(store, text)) ?? text))
  }
  return [...new Set(ids)]
}

async function completeId(store: JobStore, prefix: string): Promise<string | null> {
  const ids = await store.findIds({ prefix, limit: SHOWN + 1 })
  if (ids.length <= 1) return ids[0] ?? null
  const candidates = ids.slice(0, SHOWN).join(', ') + (ids.length > SHOWN ? ', …' : '')
  throw new QueuectlError('ambiguous_id', EXIT.not_found, `"${prefix}" matches several jobs`, candidates)
}

function checkId(text: string): void {
  if (!isJobId(text)) throw invalid(`invalid job ID "${text}"`, `an ID is ${NAME_RULE}`)
}
