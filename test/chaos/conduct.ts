import { balance } from './balance.ts'
import { readLedger } from './ledger.ts'
import { recordsOf, remainsOf } from './look.ts'
import { planOf } from './plan.ts'
import { type ChaosOptions, type Report, reportOf } from './report.ts'
import { play } from './run.ts'
import { RunFolder } from './run-folder.ts'
import { Server } from './server.ts'
import { heldToRules } from './wire.ts'

/** One death inside the program for this many from outside. */
const KILLS_PER_POINT = 3
const SERVER_DEATHS = 5
const KILLS_PER_STOP = 10
/** The most jobs that wait at a time; SecantusDB sorts them in memory: the fewer, the faster. */
const DEPTH = { sqlite: 100, mongodb: 30 } as const
const BATCHES = 5

/** Performs a chaos run. Removes its folder if all checks pass, else calls `on_kept` with its path. */
export async function conduct(
  options: ChaosOptions,
  {
    on_progress = () => {},
    on_kept = () => {},
  }: { on_progress?: (line: string) => void; on_kept?: (folder: string) => void } = {},
): Promise<Report> {
  if (options.binary !== null) process.env.QUEUECTL_TEST_BIN = options.binary
  const broken = heldToRules()
  const server = options.store === 'mongodb' ? await Server.start() : null
  const run_folder = new RunFolder(server?.url)
  let ok = false
  try {
    const { seed, jobs, kills, freezes, workers, minutes } = options
    // Built executables have no kill points.
    const points = options.binary === null ? Math.ceil(kills / KILLS_PER_POINT) : 0
    const servers = server === null ? 0 : SERVER_DEATHS
    const plan = planOf({
      seed,
      jobs,
      kills,
      points,
      servers,
      stops: Math.ceil(kills / KILLS_PER_STOP),
      freezes,
      folder: run_folder.folder,
    })
    const depth = Math.min(DEPTH[options.store], Math.ceil(jobs / BATCHES))
    const played = await play({
      run_folder,
      plan,
      has_points: points > 0,
      seed,
      workers,
      depth,
      limit_ms: minutes * 60_000,
      server,
      on_progress,
    })
    const remains = await remainsOf(run_folder)
    // Only now is the ledger complete: daemons that are meant to stay have written until here.
    const ledger = readLedger(run_folder.ledger)
    const { records, runs_kept } = await recordsOf(run_folder, played.accepted)
    const { accepted, kills: made, supervisor_of } = played
    played.problems.push(...broken())
    const books = balance({ jobs: plan.jobs, accepted, ledger, records, runs_kept, kills: made, supervisor_of })
    const report = reportOf(options, played, books, remains)
    ok = report.ok
    return report
  } finally {
    await server?.stop()
    if (ok) run_folder.remove()
    else on_kept(run_folder.folder)
  }
}
