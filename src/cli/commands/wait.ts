import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { ownFailure } from '../failure.ts'

/** Registers `wait`. */
export function registerWait(program: Command, context: Context): void {
  program
    .command('wait')
    .summary('wait for jobs to end')
    .description(
      'Waits until jobs are completed, dead or cancelled. For one job, exits with its own exit code; for several, with 0 or 1.',
    )
    .argument('<ids...>', 'ids, or their beginnings')
    .option('--timeout <time>', 'give up after this time: 90, 90s, 5m')
    .addHelpText(
      'after',
      `
Exit codes: the job’s own; 128 + n for a signal; 124 the wait or the job timed out; 130 cancelled, or Ctrl-C (the job goes on);
137 poison; 125 queuectl’s own failure.

Example:
  $ queuectl wait job1 job2 --timeout 10m`,
    )
    .exitOverride((error) => {
      throw error.exitCode === 0 ? error : ownFailure(error)
    })
    .action(async (texts: string[], { timeout }: { timeout?: string }) => {
      const { asWaiter } = await import('../jobs/wait.ts')
      await asWaiter(() => wait(context, texts, timeout))
    })
}

async function wait(context: Context, texts: readonly string[], timeout: string | undefined): Promise<void> {
  const [{ parseDuration }, { findJob }, { jobToJson }, { waitForJobs, waitExitCode }, { jobEnd }] = await Promise.all([
    import('../../domain/units.ts'),
    import('../jobs/find-job.ts'),
    import('../../views/job-view.ts'),
    import('../jobs/wait.ts'),
    import('../jobs/job-text.ts'),
  ])
  const timeout_ms = timeout === undefined ? null : parseDuration(timeout, '--timeout') * 1000
  const store = await context.store()
  const ids: string[] = []
  for (const text of texts) ids.push((await findJob(store, text)).id)
  const waited = await waitForJobs(context, store, ids, { timeout_ms })
  if (context.json) {
    // Those that have not ended too: there is one document, however the wait ended.
    const jobs = await Promise.all(ids.map((id) => store.get({ id })))
    context.outJson(jobs.flatMap((job) => (job === null ? [] : [jobToJson(job, store.now())])))
  } else if (waited.ended === 'all') for (const job of waited.jobs) context.out(jobEnd(job))
  context.exit(waitExitCode(context, waited, ids))
}
