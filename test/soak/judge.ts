import { median } from '../bench/report.ts'

const MIB = 1024 ** 2

/** One figure over the time of a soak, oldest value first. */
export interface Series {
  name: string
  unit: 'bytes' | 'count'
  values: readonly number[]
  bound: Bound
}

/** How much a figure may differ between the middle and the end. */
export interface Bound {
  /** By its typical value, or by its highest: that is what matters where a figure goes up and down like a saw. */
  by: 'median' | 'most'
  /** Growth: this part of the value in the middle, and so much more. */
  part: number
  more: number
  why: string
}

/**
 * Between the middle and the end lies a third of the jobs, 6,667 of 20,000: whatever is kept of each job shows there, were it 1 KiB only.
 * Less than that is noise: V8 grows and shrinks its heap by some MiB as it likes.
 */
export const BOUNDS = {
  memory: { by: 'median', part: 0.05, more: 4 * MIB, why: '1 KiB kept of each job would be 6.5 MiB more' },
  descriptors: {
    by: 'most',
    part: 0,
    more: 8,
    why: 'pidusage keeps one for a minute of each process of a job over 5 s',
  },
  threads: { by: 'most', part: 0, more: 0, why: 'all are there from the start' },
  wal: { by: 'most', part: 0, more: 8 * MIB, why: 'a checkpoint each 8 MiB; one may come late once' },
  database: { by: 'most', part: 0.1, more: MIB, why: 'what retention frees is used again' },
  logs: {
    by: 'most',
    part: 0.25,
    more: 0,
    why: 'retention removes once a minute: the highest stands for a minute of jobs',
  },
  journal: { by: 'most', part: 0, more: 4, why: 'one for each job at work, and spare ones' },
  family: { by: 'most', part: 0, more: 4, why: 'a job is up to three processes' },
  zombies: { by: 'median', part: 0, more: 0, why: 'who has ended is waited for at once' },
} as const satisfies Record<string, Bound>

/** A series in figures. */
export interface Verdict {
  name: string
  unit: Series['unit']
  start: number
  middle: number
  end: number
  /** The most that `end` may be. */
  limit: number
  flat: boolean
  why: string
}

/** Whether a series stays flat: its last third against its middle one; the first third is there to be seen. */
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
