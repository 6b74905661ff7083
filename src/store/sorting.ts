import type { JobSort } from './port.ts'

// What the orders of a list mean, for every adapter: a page behind a job, and the merge of parts, come from it.

/** An order by `key`, and by age among equals. */
export interface Sort {
  key: 'seq' | 'next_run_at' | 'priority' | 'finished_at'
  /** Direction of the key, and of `seq` among equals. */
  key_down: boolean
  seq_down: boolean
}

export const SORTS: Readonly<Record<JobSort, Sort>> = {
  newest: { key: 'seq', key_down: true, seq_down: true },
  oldest: { key: 'seq', key_down: false, seq_down: false },
  due: { key: 'next_run_at', key_down: false, seq_down: false },
  order: { key: 'priority', key_down: true, seq_down: false },
  finished: { key: 'finished_at', key_down: true, seq_down: true },
}

/** Compares stored jobs by `sort`; numbers and dates alike. */
export function comparator({ key, key_down, seq_down }: Sort) {
  const compare = (a: unknown, b: unknown, down: boolean) => (Number(a) - Number(b)) * (down ? -1 : 1)
  return <Row extends { [name in Sort['key']]?: unknown }>(a: Row, b: Row): number =>
    compare(a[key], b[key], key_down) || compare(a.seq, b.seq, seq_down)
}
