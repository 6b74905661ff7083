import type { JobSort } from './port.ts'

// The meaning of list orders, for every adapter: pages after a job, and merged parts, are derived from it.

/** An order by `key`, and by age among equals: `seq` is unique, so that no two jobs have the same position. */
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

type Key = Sort['key']

/** A part of an order that is one stretch of an index: all that meets `conditions`, by the keys of `order`. */
export interface Stretch<Value> {
  conditions: readonly { field: Key; is: '=' | '<' | '>'; value: Value }[]
  order: readonly { field: Key; down: boolean }[]
}

/**
 * What follows the position `last`, stretch by stretch; null: all. Two stretches where keys may be equal: the equal
 * ones, and the rest. As one condition (`key <= ? AND (key < ? OR seq < ?)`) each page would be read from the first of
 * the equals on, and most jobs have the same priority.
 */
export function stretchesOf<Value>({ key, key_down, seq_down }: Sort, last: Record<'key' | 'seq', Value> | null) {
  const seq = { field: 'seq', down: seq_down } as const
  const order = key === 'seq' ? [seq] : [{ field: key, down: key_down }, seq]
  if (last === null) return [{ conditions: [], order }] satisfies Stretch<Value>[]
  const behind = (field: Key, down: boolean, value: Value) => ({ field, is: down ? '<' : '>', value }) as const
  const rest = { conditions: [behind(key, key_down, last.key)], order }
  if (key === 'seq') return [rest]
  const equals = [{ field: key, is: '=', value: last.key } as const, behind('seq', seq_down, last.seq)]
  return [{ conditions: equals, order: [seq] }, rest] satisfies Stretch<Value>[]
}

/** Compares stored jobs by `sort`; numbers and dates alike. */
export function comparator({ key, key_down, seq_down }: Sort) {
  const compare = (a: unknown, b: unknown, down: boolean) => (Number(a) - Number(b)) * (down ? -1 : 1)
  return <Row extends { [name in Key]?: unknown }>(a: Row, b: Row): number =>
    compare(a[key], b[key], key_down) || compare(a.seq, b.seq, seq_down)
}
