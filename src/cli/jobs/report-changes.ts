import { EXIT, notFound, QueuectlError } from '../../domain/errors.ts'
import type { Changed, JobStore } from '../../store/port.ts'
import { jobToJson } from '../../views/job-view.ts'
import type { Context } from '../context.ts'
import { safe } from '../terminal/text.ts'

/** How a command that changes jobs speaks. */
export interface Wording {
  /** `requeued`: what is said of a job that was changed. */
  done: string
  /** Which jobs can be changed: `only dead, cancelled and completed jobs can be requeued`. */
  rule: string
}

/**
 * Prints what became of each job: changed ones on stdout, others in one error after them. With --json an array of all.
 * Throws `not_found` (3) when a job was not there, else `wrong_state` (1) when one was left as it was.
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
  const left = changes.filter(({ result }) => result === 'wrong_state')
  const problems = [
    ...missing.map(({ id }) => `no job has the id "${id}"`),
    ...left.map(({ id, job }) => `${id} is ${job?.state ?? 'in another state'}`),
  ]
  if (problems.length === 0) return
  const message = problems.join('; ')
  if (missing.length > 0) throw notFound(message, 'ids must be whole outside of a terminal; queuectl list shows them')
  throw new QueuectlError('wrong_state', EXIT.unsuccessful, message, rule)
}
