import type { Ledger, Line } from './ledger.ts'

/** One run, from the ledger. */
export interface LedgerRun {
  job: string
  run: number
  token: string
  /** Seconds since boot, of its first line. */
  began_at: number
  /** From its last line; null: it never wrote one. */
  end: { code: number; at: number } | null
  /** IDs of workers that it was about to kill, and when. */
  kills: { worker: string; at: number }[]
  /** Whether the daemon that it started ran to its end. */
  daemon_ended: boolean
}

/** The facts from the ledger alone, without the store. */
export interface LedgerFacts {
  runs: Map<string, LedgerRun>
  /** Runs of each job, in the order in which they began. */
  by_job: Map<string, LedgerRun[]>
  /** Pairs of runs of a job that were alive at the same time. */
  overlaps: string[]
  /** Contradictions within the ledger. */
  problems: string[]
}

/** Extracts the facts from the ledger. */
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
  // Lines are in the order of writing: a process that writes after a later run began was alive then.
  const latest = facts.by_job.get(job)?.at(-1)
  if (latest !== undefined && latest.token !== token)
    facts.overlaps.push(`job ${job}: run ${line.run} writes "${word}" at ${at}, after run ${latest.run} began`)
  if (run === undefined) {
    if (word !== 'child') facts.problems.push(`job ${job}: run ${line.run} writes "${word}", but never began`)
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
