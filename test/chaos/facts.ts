import type { Ledger, Line } from './ledger.ts'

/** One run as the ledger tells of it. */
export interface LedgerRun {
  job: string
  run: number
  token: string
  /** Seconds since boot, of its first line. */
  began_at: number
  /** By itself; null: it never came to its last line. */
  end: { code: number; at: number } | null
  /** Ids of workers that it was about to kill, and when. */
  kills: { worker: string; at: number }[]
  /** The daemon that it left behind came to its end. */
  daemon_ended: boolean
}

/** What the ledger says, before anybody has asked the store. */
export interface LedgerFacts {
  runs: Map<string, LedgerRun>
  /** Runs of each job, in the order in which they began. */
  by_job: Map<string, LedgerRun[]>
  /** Two runs of a job that were alive at a time. */
  overlaps: string[]
  /** What cannot be, whatever the store says. */
  problems: string[]
}

/** Reads the facts out of the ledger. */
export function factsOf({ lines }: Ledger): LedgerFacts {
  const facts: LedgerFacts = { runs: new Map(), by_job: new Map(), overlaps: [], problems: [] }
  for (const line of lines) take(facts, line)
  return facts
}

function take(facts: LedgerFacts, line: Line): void {
  const { token, job, word, rest, at } = line
  if (word === 'start') {
    begin(facts, line)
    return
  }
  const run = facts.runs.get(token)
  // Lines stand in the order in which they were written: whoever writes after a later run has begun was alive then.
  const latest = facts.by_job.get(job)?.at(-1)
  if (latest !== undefined && latest.token !== token)
    facts.overlaps.push(`job ${job}: run ${line.run} writes "${word}" at ${at}, after run ${latest.run} began`)
  if (run === undefined) {
    if (word !== 'child') facts.problems.push(`job ${job}: run ${line.run} writes "${word}" and never began`)
    return
  }
  if (word === 'end') {
    if (run.end !== null) facts.problems.push(`job ${job}: run ${line.run} ends twice`)
    run.end = { code: Number(rest), at }
  }
  if (word === 'kill') run.kills.push({ worker: rest, at })
  if (word === 'daemon_end') run.daemon_ended = true
  if (word === 'double')
    facts.overlaps.push(`job ${job}: run ${line.run} finds process ${rest} of an earlier run alive`)
}

function begin({ runs, by_job, problems }: LedgerFacts, { job, run, token, at }: Line): void {
  const begun: LedgerRun = { job, run, token, began_at: at, end: null, kills: [], daemon_ended: false }
  if (runs.has(token)) problems.push(`job ${job}: run ${run} began twice (${token})`)
  const before = by_job.get(job) ?? []
  const last = before.at(-1)
  if (last !== undefined && last.run >= run) problems.push(`job ${job}: run ${run} began after run ${last.run}`)
  runs.set(token, begun)
  by_job.set(job, [...before, begun])
}
