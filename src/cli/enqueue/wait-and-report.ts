import type { Inserted, JobStore } from '../../store/port.ts'
import { jobToJson } from '../../views/job-view.ts'
import type { Context } from '../context.ts'
import { jobEnd, waitExitCode, waitForJobs } from '../jobs/wait.ts'
import { LogPrinter } from '../logs/log-printer.ts'
import { Follower } from '../logs/run-follower.ts'

/** `enqueue --wait` and `--follow`: waits until the jobs are final, and sets their exit code. */
export async function waitAndReport(
  context: Context,
  store: JobStore,
  inserted: readonly Inserted[],
  options: { is_bulk: boolean; follow: boolean; timeout_ms: number | null },
): Promise<void> {
  const ids = inserted.map(({ job }) => job.id)
  const toJson = ({ job, existing }: Inserted) => ({ ...jobToJson(job, store.now()), existing })
  if (options.follow && context.json) for (const one of inserted) context.outJson({ job: toJson(one) })
  else if (options.follow) context.note(`job ${ids.join(' ')}`)
  else if (!context.json) context.out(ids.join('\n'))

  const follower = options.follow ? new Follower(context, store, new LogPrinter(context, false)) : null
  const waited = await waitForJobs(context, store, ids, {
    timeout_ms: options.timeout_ms,
    ...(follower ? { on_check: (job) => follower.update(job) } : {}),
  }).finally(() => follower?.close())

  if (context.json) {
    // The jobs as they finished: they may have been purged or requeued since.
    const latest = waited.ended === 'all' ? waited.jobs : await Promise.all(ids.map((id) => store.get({ id })))
    const jobs = inserted.map((one, i) => toJson({ ...one, job: latest[i] ?? one.job }))
    if (options.follow) for (const job of jobs) context.outJson({ job })
    else context.outJson(options.is_bulk ? jobs : jobs[0])
  } else if (waited.ended === 'all') {
    for (const job of waited.jobs) if (job.state !== 'completed') context.note(jobEnd(job))
  }
  context.exit(waitExitCode(context, waited, ids))
}
