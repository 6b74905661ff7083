import { type Diagnosis, fine, problem, warning } from '../domain/diagnosis.ts'
import type { Job } from '../domain/job.ts'
import { type Carrier, platform } from '../platform/platform.ts'
import type { JobStore } from '../store/port.ts'
import { isSupervisor, isWorker, type Seen, seenProcesses } from '../views/process-view.ts'

/** Recovery begins a moment after a lease has ended. */
const SLACK_MS = 5_000

/** Runs that go on, or should: stuck ones, leases that ended, processes without a run. `address`: of the store. */
export async function examineJobs(store: JobStore, address: string): Promise<Diagnosis[]> {
  // First: a run that ends meanwhile has no processes any more.
  const carriers = await platform.carriers()
  const jobs = await store.processing()
  const rows = await seenProcesses(store)
  const badly = jobs.flatMap((job) => held(job, rows, store.now()).map((finding) => ({ job, finding })))
  // Such a run may have ended since, and its worker with it.
  const left = new Set(badly.length === 0 ? [] : (await store.processing()).map(({ lease_token }) => lease_token))
  const still = badly.filter(({ job }) => left.has(job.lease_token)).map(({ finding }) => finding)
  const findings = [...rows.flatMap(stuckRuns), ...still]
  const going_on = jobs.length === 0 ? 'none is running' : `running: ${jobs.length}, each held by a worker`
  return [
    ...(findings.length > 0 ? findings : [fine('jobs', going_on)]),
    ...(carriers === null ? [] : await orphans(store, carriers, jobs, address)),
  ]
}

function stuckRuns(row: Seen): Diagnosis[] {
  const told = isSupervisor(row)
    ? Object.entries(row.stuck)
    : isWorker(row)
      ? row.jobs.flatMap(({ id, note }) => (note === null ? [] : [[id, note] as const]))
      : []
  const hint = 'end that process by hand, with the rights of its user; the job goes on by itself then'
  return told.map(([id, reason]) => problem('jobs', `the run of job ${id} cannot be ended: ${reason}`, hint))
}

/** What is wrong with the hold of a worker on a job. */
function held(job: Job, rows: readonly Seen[], now: number): Diagnosis[] {
  const owner = rows.find(({ id }) => id === job.processing_by)
  const over = now - (job.lease_expires_at ?? 0) > SLACK_MS
  const orphaned = owner === undefined || owner.life === 'gone'
  if (!over && !orphaned) return []
  const who = `${job.processing_by}${orphaned ? ', which is dead' : ''}`
  const lease = over ? ', with a lease that has ended' : ''
  const message = `job ${job.id} is held by ${who}${lease}`
  const supervised = rows.some((row) => isSupervisor(row) && row.life === 'alive')
  if (supervised) return [warning('jobs', message, 'a supervisor is about to recover it; look again in a minute')]
  return [problem('jobs', message, 'queuectl worker start recovers it; queuectl worker stop ends and releases it')]
}

/** Processes that belong to a run of this store that is over, and are none that a command left behind on purpose. */
async function orphans(
  store: JobStore,
  carriers: readonly Carrier[],
  jobs: readonly Job[],
  address: string,
): Promise<Diagnosis[]> {
  const running = new Set(jobs.map(({ run_token }) => run_token))
  const findings: Diagnosis[] = []
  const daemons: number[] = []
  for (const { pid, token, job, store: of } of carriers) {
    if (running.has(token) || pid === process.pid) continue
    const run = (await store.runs({ id: job })).find((one) => one.token === token)
    if ((run === undefined && of !== address) || platform.identify(pid) === null) continue
    if (run?.outcome === 'completed') daemons.push(pid)
    else {
      const what = run === undefined ? 'is not on record' : `was ${run.outcome}`
      const message = `process ${pid} lives, yet run ${run?.number ?? ''} of job ${job} ${what}`.replace('  ', ' ')
      findings.push(problem('processes', message, `look at it, then end it: kill -9 ${pid}`))
    }
  }
  if (daemons.length > 0) {
    const pids = daemons.join(', ')
    findings.push(fine('processes', `left running by commands that succeeded, as a daemon may be: ${pids}`))
  }
  return findings.length > 0 ? findings : [fine('processes', 'none without a run')]
}
