import { EXIT, notFound, QueuectlError } from '../../domain/errors.ts'
import type { Changed, JobStore } from '../../store/port.ts'
import { jobToJson } from '../../views/job-view.ts'
import type { Context } from '../context.ts'
import { safe } from '../terminal/text.ts'

/** The texts of a command that changes jobs. */
export interface Wording {
  /** The result of a changed job: `requeued`. */
  done: string
  /** Which jobs can be changed: `only dead, cancelled and completed jobs can be requeued`. */
  rule: string
}

/**
 * Prints the result of each job: changed jobs on stdout, the others in one error afterwards; with --json an array of
 * all. Throws `not_found` (3) when a job does not exist, else `wrong_state` (1) when one was not changed.
 */
export function reportChanges(context: Context, store: JobStore, changes: readonly Changed[], wording: Wording): void {
  if (context.json) context.outJson(changes.map((change) => changeToJson(store, change)))
  else for (const { id, result } of changes) if (result === 'done') context.out(`${safe(id)} ${wording.done}`)
  throwProblem(changes, wording)
}

function changeToJson(store: JobStore, { id, result, job }: Changed): Record<string, unknown> {
  return { ...(job ? jobToJson(job, store.now()) : { id }), result }
}

function throwProblem(changes: readonly Changed[], { rule }: Wording): void {
  const missing = changes.filter(({ result }) => result === 'not_found')
  const unchanged = changes.filter(({ result }) => result === 'wrong_state')
  const problems = [
    ...missing.map(({ id }) => `no job with ID "${id}"`),
    ...unchanged.map(({ id, job }) => `${id} is ${job?.state ?? 'in another state'}`),
  ]
  if (problems.length === 0) return
  const message = problems.join('; ')
  if (missing.length > 0)
    throw notFound(message, 'queuectl list shows the jobs; without a terminal, an ID must be complete')
  throw new QueuectlError('wrong_state', EXIT.unsuccessful, message, rule)
}
