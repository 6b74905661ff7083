import { JOB_STATES, type JobState, type JobView } from '../../domain/job.ts'
import { TRANSITIONS } from '../../domain/outcome.ts'
import { definitions, paragraph, sections } from './layout.ts'

/** What it means that a job is in a state. */
export const STATES: Readonly<Record<JobState, string>> = {
  pending: 'waiting to run',
  processing: 'a worker is running it',
  completed: 'a run finished with exit code 0',
  dead: 'retries are used up, or it killed its workers (poison). Kept in the dead letter queue',
  cancelled: 'cancelled before it completed',
}

/** What the views of pending mean. */
export const VIEWS: Readonly<Record<JobView, string>> = {
  ready: 'a worker can claim it now',
  scheduled: 'waiting for its delay or run_at',
  retrying: 'failed, and waiting for its next run',
}

/** `queuectl help states`. */
export function states(): string {
  return sections(
    'States of a job',
    definitions(JOB_STATES.map((state) => [state, `${STATES[state]}. Next: ${TRANSITIONS[state].join(', ')}.`])),
    paragraph('`list --state` also accepts three views of pending:'),
    definitions(Object.entries(VIEWS)),
    paragraph(
      'A failed run adds 1 to attempts. While attempts is at most max_retries, the job is pending again and waits ' +
        'backoff_base ^ attempts seconds, at most backoff_max; after that it is dead. `promote` ends the wait of a pending ' +
        'job; `requeue` makes a completed, dead or cancelled job pending, with attempts from 0.',
    ),
    paragraph(
      'A run ended by the death of its worker or host is an interruption; it spends no retry. After max_interruptions ' +
        'deaths of workers under a job, the job is dead with the reason poison.',
    ),
  )
}
