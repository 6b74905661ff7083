import type { Job } from '../../domain/job.ts'
import { safe } from '../terminal/text.ts'

/** In one line how a job ended: `job1 completed`, `job1 dead: exit code 2`. */
export function jobEnd({ id, state, reason }: Job): string {
  return safe(`${id} ${state}${reason === null || reason === state ? '' : `: ${reason}`}`)
}
