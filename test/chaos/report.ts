import { writeFileSync } from 'node:fs'
import os from 'node:os'
import { percentile } from '../bench/report.ts'
import type { Balance, OutcomeCount } from './balance.ts'
import { isDeath, type Kill } from './killer.ts'
import type { Remains } from './look.ts'
import type { Played } from './run.ts'

/** The options of a chaos run. */
export interface ChaosOptions {
  store: 'sqlite' | 'mongodb'
  jobs: number
  kills: number
  freezes: number
  workers: number
  seed: number
  /** The executable; null: the sources. */
  binary: string | null
  minutes: number
}

/** One line of the verdict: a count that must be 0, or a word that must be `wanted`. */
export interface Finding {
  name: string
  value: number | string
  wanted: number | string
  details: readonly string[]
}

/** Seconds from a kill to the next start. */
export interface Recovery {
  what: string
  runs: number
  p50: number
  p95: number
  max: number
}

export interface Report {
  at: string
  machine: string
  options: ChaosOptions
  ok: boolean
  seconds: number
  /** Processes killed, by kind. */
  killed: Record<string, number>
  /** Supervisors that were asked to stop. */
  stops: number
  /** How long supervisors and workers were frozen, in seconds. */
  freezes: number[]
  supervisors_started: number
  commands_killed: number
  points_missed: number
  findings: Finding[]
  books: Omit<Balance, 'lost' | 'overlaps' | 'wrong' | 'unbalanced' | 'recoveries'>
  recoveries: Recovery[]
  kills: readonly Kill[]
}

/** Creates the report of a run. */
export function reportOf(options: ChaosOptions, played: Played, books: Balance, remains: Remains): Report {
  const { lost, overlaps, wrong, unbalanced, recoveries, ...rest } = books
  const count = (name: string, details: readonly string[]): Finding => ({
    name,
    value: details.length,
    wanted: 0,
    details,
  })
  const number = (name: string, value: number): Finding => ({ name, value, wanted: 0, details: [] })
  const refused = options.jobs - books.accepted
  const findings = [
    count('jobs lost', lost),
    number('jobs that were not accepted', refused),
    count('entries in the run history without explanation', unbalanced),
    count('overlaps of two runs of a job', overlaps),
    count('orphans 5 s after the end', remains.orphans),
    count('wrong final states', wrong),
    count('commands and supervisors that misbehaved', played.problems),
    number('planned kills that did not happen', played.kills_missed),
    number('remaining registry rows, leases, journal files', remains.rows + remains.leases + remains.journal),
    count('findings of queuectl audit', remains.audit === null ? [] : [remains.audit]),
    { name: 'integrity check', value: remains.integrity, wanted: 'ok', details: [] },
  ]
  const killed = played.kills.filter(isDeath)
  const cpus = os.cpus()
  return {
    at: new Date().toISOString(),
    machine: `${cpus.length} × ${cpus[0]?.model.trim()}, ${os.type()} ${os.release()} ${os.arch()}`,
    options,
    ok: findings.every(({ value, wanted }) => value === wanted),
    seconds: played.seconds,
    killed: tally(killed.map(({ kind, point }) => (point === null ? kind : `at "${point}"`))),
    stops: played.kills.filter(({ kind }) => kind === 'stop').length,
    freezes: played.kills.flatMap(({ frozen_s }) => frozen_s ?? []),
    supervisors_started: played.supervisors_started,
    commands_killed: played.commands_killed,
    points_missed: played.points_missed,
    findings,
    books: rest,
    recoveries: recoveriesOf(recoveries),
    kills: played.kills,
  }
}

/** Writes the report as JSON to `file`. */
export function writeReport(report: Report, file: string): void {
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
}

/** The report as tables for people. */
export function tablesOf(report: Report): string {
  const { books, killed, findings, seconds, options } = report
  const { accounts } = books
  const states = Object.entries(books.states)
    .sort()
    .map(([state, n]) => `${n} ${state}`)
  const unseen = sum(accounts.map((account) => account.unseen))
  const repeated = sum(accounts.map((account) => account.repeated))
  const made = Object.entries(killed)
    .sort()
    .map(([kind, n]) => `${n} ${kind}`)
  return [
    `${sum(Object.values(killed))} processes killed: ${made.join(', ')}`,
    `${report.supervisors_started} supervisors started, ${report.stops} asked to stop, ${report.commands_killed} commands killed and repeated, ${seconds.toFixed(0)} s`,
    ...frozenLines(report.freezes),
    '',
    row('jobs accepted', books.accepted, `= ${states.join(' + ')}`),
    row('jobs that ran', books.ran, 'the others were cancelled while they waited'),
    row(
      'recorded runs',
      books.runs,
      `= ${books.starts} that start in the ledger + ${unseen} cut off before their first line`,
    ),
    row('runs − jobs that ran', books.runs - books.ran, `= ${repeated} runs that were not their job’s last:`),
    ...causes(accounts, (account) => account.repeated),
    row('cut off before their first line', unseen, unseen > 0 ? 'of them:' : ''),
    ...causes(accounts, (account) => account.unseen),
    row('successes run again', books.successes_repeated.length, repeatedNote(books.successes_repeated)),
    ...(books.forgotten > 0
      ? [row('runs that the store no longer keeps', books.forgotten, 'it keeps the last ones of each job')]
      : []),
    row('lines that a kill cut short', books.torn, ''),
    row('kill points that no process reached', report.points_missed, ''),
    '',
    `${'from a kill to the next start of the job'.padEnd(48)}${['runs', 'p50', 'p95', 'max'].map((head) => head.padStart(9)).join('')}`,
    ...report.recoveries.map(recoveryLine),
    '',
    ...findings.flatMap(findingLines),
    '',
    `${report.ok ? 'nothing lost' : 'FAILED'}; repeat with: npm run chaos -- ${again(options)}`,
  ].join('\n')
}

function causes(accounts: readonly OutcomeCount[], count: (account: OutcomeCount) => number): string[] {
  return accounts
    .filter((account) => count(account) > 0)
    .sort((a, b) => count(b) - count(a))
    .map(({ outcome, cause, why, ...account }) => row(`  ${outcome}: ${cause}`, count(account as OutcomeCount), why))
}

function repeatedNote(gaps: readonly number[]): string {
  if (gaps.length === 0) return ''
  const latest = Math.max(0, ...gaps)
  return `their worker died before they ended, or up to ${latest.toFixed(2)} s later, before recording it`
}

function recoveriesOf(recoveries: Balance['recoveries']): Recovery[] {
  const kinds = [...new Set(recoveries.map(({ why }) => why))].sort()
  const of = (what: string, seconds: number[]): Recovery => ({
    what,
    runs: seconds.length,
    p50: percentile(seconds, 50),
    p95: percentile(seconds, 95),
    max: Math.max(...seconds),
  })
  const each = kinds.map((kind) =>
    of(
      kind,
      recoveries.filter(({ why }) => why === kind).map(({ seconds }) => seconds),
    ),
  )
  return each.length > 1
    ? [
        ...each,
        of(
          'all',
          recoveries.map(({ seconds }) => seconds),
        ),
      ]
    : each
}

function recoveryLine({ what, runs, p50, p95, max }: Recovery): string {
  const figures = [p50, p95, max].map((seconds) => `${seconds.toFixed(2)} s`.padStart(9))
  return `${`  ${what}`.padEnd(48)}${String(runs).padStart(9)}${figures.join('')}`
}

function findingLines({ name, value, wanted, details }: Finding): string[] {
  const verdict = value === wanted ? 'ok' : `FAILED: must be ${wanted}`
  return [
    `${name.padEnd(48)}${String(value).padStart(9)}  ${verdict}`,
    ...details.slice(0, 20).map((one) => `    ${one}`),
  ]
}

function row(name: string, value: number, note: string): string {
  return `${name.padEnd(48)}${value.toLocaleString('en').padStart(9)}  ${note}`.trimEnd()
}

function frozenLines(seconds: readonly number[]): string[] {
  const [least, most] = [Math.min(...seconds), Math.max(...seconds)].map((one) => one.toFixed(1))
  return seconds.length === 0
    ? []
    : [`freezes of supervisors and workers: ${seconds.length}, for ${least} to ${most} s`]
}

function again({ store, jobs, kills, freezes, workers, seed, binary }: ChaosOptions): string {
  const numbers = { jobs, kills, freezes, workers, seed }
  const words = ['--store', store, ...Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, value])]
  return [...words, ...(binary === null ? [] : ['--binary', binary])].join(' ')
}

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
