import { JOB_STATES, type JobState, type JobView } from '../../domain/job.ts'
import { TRANSITIONS } from '../../domain/outcome.ts'
import { definitions, paragraph, sections } from './layout.ts'

/** What it means that a job is in a state. */
export const STATES: Readonly<Record<JobState, string>> = {
  pending: 'waits to be run',
  processing: 'a worker runs it',
  completed: 'a run ended with exit code 0',
  dead: 'retries are used up, or it killed its workers (poison). Kept in the dead letter queue',
  cancelled: 'cancelled before it was completed',
}

/** What the views of pending mean. */
export const VIEWS: Readonly<Record<JobView, string>> = {
  ready: 'a worker may take it now',
  scheduled: 'waits for its delay or run_at',
  retrying: 'failed, and waits for its next try',
}

/** `queuectl help states`. */
export function states(): string {
  return sections(
    'States of a job',
    definitions(JOB_STATES.map((state) => [state, `${STATES[state]}. Next: ${TRANSITIONS[state].join(', ')}.`])),
    paragraph('`list --state` also takes three views of pending:'),
    definitions(Object.entries(VIEWS)),
    paragraph(
      'A failed run makes attempts one larger. While attempts is at most max_retries the job is pending again, and waits ' +
        'backoff_base ^ attempts seconds, at most backoff_max; after that it is dead. `promote` ends the wait of a pending ' +
        'job; `requeue` makes a completed, dead or cancelled job pending, with attempts from 0.',
    ),
    paragraph(
      'A run that the death of a worker or host ended is an interruption, which spends no retry. max_interruptions deaths of ' +
        'workers under a job make it dead, reason poison.',
    ),
  )
}
