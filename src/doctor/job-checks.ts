import { type Diagnosis, fine, problem, warning } from '../domain/diagnosis.ts'
import type { Job } from '../domain/job.ts'
import { type Carrier, platform } from '../platform/platform.ts'
import type { JobStore } from '../store/port.ts'
import { isSupervisor, isWorker, type Seen, seenProcesses } from '../views/process-view.ts'

/** Recovery begins a moment after a lease has expired. */
const SLACK_MS = 5_000

/** Checks running jobs: stuck runs, expired leases, processes without a run. `address`: the store's address. */
export async function examineJobs(store: JobStore, address: string): Promise<Diagnosis[]> {
  // Processes are read first: a run that ends meanwhile has none any more.
  const carriers = await platform.carriers()
  const jobs = await store.processing()
  const rows = await seenProcesses(store)
  const suspects = jobs.flatMap((job) => checkClaim(job, rows, store.now()).map((finding) => ({ job, finding })))
  // Such a run may have ended since, and its worker with it.
  const running = new Set(suspects.length === 0 ? [] : (await store.processing()).map(({ lease_token }) => lease_token))
  const confirmed = suspects.filter(({ job }) => running.has(job.lease_token)).map(({ finding }) => finding)
  const findings = [...rows.flatMap(stuckRuns), ...confirmed]
  const summary = jobs.length === 0 ? 'none running' : `running: ${jobs.length}, each claimed by a living worker`
  return [
    ...(findings.length > 0 ? findings : [fine('jobs', summary)]),
    ...(carriers === null ? [] : await orphans(store, carriers, jobs, address)),
  ]
}

function stuckRuns(row: Seen): Diagnosis[] {
  const stuck = isSupervisor(row)
    ? Object.entries(row.stuck)
    : isWorker(row)
      ? row.jobs.flatMap(({ id, note }) => (note === null ? [] : [[id, note] as const]))
      : []
  const hint = 'kill that process as its user or as root; then the job continues by itself'
  return stuck.map(([id, reason]) => problem('jobs', `the run of job ${id} cannot be stopped: ${reason}`, hint))
}

/** What is wrong with the claim of a worker on a job. */
function checkClaim(job: Job, rows: readonly Seen[], now: number): Diagnosis[] {
  const owner = rows.find(({ id }) => id === job.processing_by)
  const expired = now - (job.lease_expires_at ?? 0) > SLACK_MS
  const orphaned = owner === undefined || owner.life === 'gone'
  if (!expired && !orphaned) return []
  const worker = orphaned ? `dead worker ${job.processing_by}` : `worker ${job.processing_by}`
  const message = `job ${job.id} is claimed by ${worker}${expired ? ', and the lease has expired' : ''}`
  const supervised = rows.some((row) => isSupervisor(row) && row.life === 'alive')
  if (supervised) return [warning('jobs', message, 'a supervisor will recover it; check again in a minute')]
  return [problem('jobs', message, 'queuectl worker start recovers it; queuectl worker stop stops and releases it')]
}

/** Finds processes of finished runs of this store, except those that a successful command started on purpose. */
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
      const message =
        run === undefined
          ? `process ${pid} belongs to a run of job ${job} that is not in the run history`
          : `process ${pid} still runs, but run ${run.number} of job ${job} was ${run.outcome}`
      findings.push(problem('processes', message, `check it, then kill it: kill -9 ${pid}`))
    }
  }
  if (daemons.length > 0) {
    const pids = daemons.join(', ')
    findings.push(fine('processes', `daemons started by successful jobs: ${pids}`))
  }
  return findings.length > 0 ? findings : [fine('processes', 'each belongs to a run')]
}
