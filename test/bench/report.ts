import { writeFileSync } from 'node:fs'
import os from 'node:os'

/** One figure. `target` is in the same unit; a figure without one is for information. */
export interface Figure {
  name: string
  value: number
  unit: string
  target?: { at_least: number } | { at_most: number }
  note?: string
}

/** The figures and the machine, as `--json` writes them. */
export interface Report {
  at: string
  node: string
  machine: string
  quick: boolean
  figures: Figure[]
}

/** The median. NaN for no values. */
export function median(values: readonly number[]): number {
  return percentile(values, 50)
}

/** The value that `p` percent of `values` do not exceed (nearest rank). */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN
}

/** A copy in random order: the rounds of a comparison must not all start with the same candidate. */
export function shuffled<T>(items: readonly T[]): T[] {
  const keyed = items.map((item) => ({ item, key: Math.random() }))
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item)
}

/** Prints one line: figure, target, `ok` or `short`. */
export function printFigure(figure: Figure): void {
  const value = `${rounded(figure.value)} ${figure.unit}`
  console.log(
    `${figure.name.padEnd(52)}${value.padStart(14)}  ${verdict(figure).padEnd(20)}${figure.note ?? ''}`.trimEnd(),
  )
}

/** Creates a report without figures, for this machine. */
export function newReport(quick: boolean): Report {
  const cpus = os.cpus()
  const machine = `${cpus.length} × ${cpus[0]?.model.trim()}, ${os.type()} ${os.release()} ${os.arch()}`
  return { at: new Date().toISOString(), node: process.version, machine, quick, figures: [] }
}

/** Writes the report as JSON to `file`. */
export function writeReport(report: Report, file: string): void {
  const figures = report.figures.map((figure) => ({ ...figure, ok: isMet(figure) }))
  writeFileSync(file, `${JSON.stringify({ ...report, figures }, null, 2)}\n`)
}

/** Whether the target is reached; null: no target. */
export function isMet({ value, target }: Figure): boolean | null {
  if (!target) return null
  return 'at_least' in target ? value >= target.at_least : value <= target.at_most
}

function verdict(figure: Figure): string {
  const { target } = figure
  if (!target) return ''
  const wanted = 'at_least' in target ? `≥ ${target.at_least}` : `≤ ${target.at_most}`
  return `${wanted.padEnd(10)} ${isMet(figure) ? 'ok' : 'short'}`
}

function rounded(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en')
  return value.toFixed(Math.abs(value) >= 100 ? 0 : 2)
}
