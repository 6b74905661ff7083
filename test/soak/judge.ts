import { median } from '../bench/report.ts'

const MIB = 1024 ** 2

/** One figure over the duration of a soak, oldest value first. */
export interface Series {
  name: string
  unit: 'bytes' | 'count'
  values: readonly number[]
  bound: Bound
}

/** How much a figure may grow between the middle third and the last. */
export interface Bound {
  /** Compares the typical values, or the highest ones: those matter where a figure goes up and down like a saw. */
  by: 'median' | 'most'
  /** Allowed growth: this part of the middle value, plus `more`. */
  part: number
  more: number
  why: string
}

/**
 * A third of the jobs lies between the middle and the end, 6,667 of 20,000: memory kept for each job shows there, even
 * 1 KiB. Less is noise: V8 grows and shrinks its heap by some MiB at will.
 */
export const BOUNDS = {
  memory: { by: 'median', part: 0.05, more: 4 * MIB, why: '1 KiB kept per job would be 6.5 MiB more' },
  descriptors: {
    by: 'most',
    part: 0,
    more: 8,
    why: 'pidusage keeps one for a minute per process of a job over 5 s',
  },
  threads: { by: 'most', part: 0, more: 0, why: 'all exist from the start' },
  wal: { by: 'most', part: 0, more: 8 * MIB, why: 'a checkpoint every 8 MiB; one may be late' },
  database: { by: 'most', part: 0.1, more: MIB, why: 'space freed by retention is reused' },
  logs: {
    by: 'most',
    part: 0.25,
    more: 0,
    why: 'retention runs once a minute: the peak is a minute of jobs',
  },
  journal: { by: 'most', part: 0, more: 4, why: 'one per running job, and spare ones' },
  family: { by: 'most', part: 0, more: 4, why: 'a job has up to three processes' },
  zombies: { by: 'median', part: 0, more: 0, why: 'exited processes are reaped at once' },
} as const satisfies Record<string, Bound>

/** The figures of a series, and whether it is flat. */
export interface Verdict {
  name: string
  unit: Series['unit']
  start: number
  middle: number
  end: number
  /** The maximum for `end`. */
  limit: number
  flat: boolean
  why: string
}

/** Judges whether a series stays flat, by its last third against its middle one; the first third is shown only. */
export function judge({ name, unit, values, bound }: Series): Verdict {
  const third = (n: number) =>
    values.slice(Math.floor((n * values.length) / 3), Math.floor(((n + 1) * values.length) / 3))
  const figure = (part: readonly number[]) => (bound.by === 'median' ? median(part) : Math.max(...part))
  const [start = Number.NaN, middle = Number.NaN, end = Number.NaN] = [0, 1, 2].map((n) => figure(third(n)))
  const limit = middle * (1 + bound.part) + bound.more
  return { name, unit, start, middle, end, limit, flat: end <= limit, why: bound.why }
}

/** The verdicts as a table for people. */
export function tableOf(verdicts: readonly Verdict[]): string {
  const head = `${''.padEnd(30)}${['start', 'middle', 'end', 'at most'].map((word) => word.padStart(11)).join('')}`
  const rows = verdicts.map(({ name, unit, start, middle, end, limit, flat, why }) => {
    const figures = [start, middle, end, limit].map((value) => shown(value, unit).padStart(11))
    return `${name.padEnd(30)}${figures.join('')}  ${flat ? 'flat' : 'GROWS'}  ${why}`
  })
  return [head, ...rows].join('\n')
}

function shown(value: number, unit: Series['unit']): string {
  return unit === 'bytes' ? `${(value / MIB).toFixed(1)} MiB` : String(Math.round(value))
}
