import type { Job, Run } from '../domain/job.ts'
import type { JobStore } from '../store/port.ts'
import { currentRun } from './job-view.ts'

/** The runs of a job, oldest first, the one that goes on now included. */
export async function runsOf(store: JobStore, job: Job): Promise<Run[]> {
  const ended = await store.runs({ id: job.id })
  const current = currentRun(job, await hostOf(store, job))
  return current === null ? ended : [...ended, current]
}

async function hostOf(store: JobStore, { processing_by }: Job): Promise<string> {
  if (processing_by === null) return ''
  return (await store.processes()).find(({ id }) => id === processing_by)?.host ?? ''
}
