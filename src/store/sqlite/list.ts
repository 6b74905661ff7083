import type { SQLInputValue } from 'node:sqlite'
import { notFound } from '../../domain/errors.ts'
import { FINAL_STATES } from '../../domain/job.ts'
import type { JobStore, ListParams } from '../port.ts'
import { comparator, SORTS, type Sort, type Stretch, stretchesOf } from '../sorting.ts'
import type { Connection, Row } from './connection.ts'
import { COLUMNS, toJob } from './rows.ts'

/** A condition with its values. */
type Term = readonly [sql: string, ...values: SQLInputValue[]]

// Each names its partial indexes in the words of the schema: SQLite uses one only for a condition that it can read off.
const READY: Term = [`state = 'pending' AND state <> 'processing' AND ready = 1`]
const READY_IN_ORDER: Term = ['ready = 1']
const WAITING: Term = [`state = 'pending' AND state <> 'processing' AND ready = 0`]
const PROCESSING: Term = [`state = 'processing'`]

/**
 * Pages of jobs. Each part of the answer (`pending` has two: ready and waiting) is read in order from an index of its own, at
 * most a page of it, and the parts are merged here: one query over all of them would sort everything that matches.
 */
export function listing(db: Connection): Pick<JobStore, 'list'> {
  return {
    list: (params) =>
      db.read((now) => {
        const sort = SORTS[params.sort]
        const stretches = stretchesOf(sort, placeOf(db, sort, params.after))
        const rows = partsOf(params, now).flatMap((part) => {
          const terms = [part, ...filtersOf(params)]
          return stretches.flatMap((stretch) => select(db, terms, stretch, params.limit))
        })
        return rows.sort(comparator(sort)).slice(0, params.limit).map(withoutSeq).map(toJob)
      }),
  }
}

/** Without a state, a sort looks at the jobs that it is about: `due` and `order` at pending ones, `finished` at final ones. */
function partsOf({ state, sort }: ListParams, now: number): Term[] {
  const ready = sort === 'order' ? READY_IN_ORDER : READY
  // The plus keeps SQLite from walking the index of due times, and sorting, for a page in order of age.
  const still = `${sort === 'due' ? '' : '+'}next_run_at > ?`
  switch (state ?? { due: 'pending', order: 'pending', finished: 'final', newest: null, oldest: null }[sort]) {
    case null:
      return [['TRUE']]
    case 'pending':
      return [ready, WAITING]
    case 'ready':
      // Due, but not promoted by a claim yet.
      return [ready, [`${WAITING[0]} AND next_run_at <= ?`, now]]
    case 'scheduled':
      return [[`${WAITING[0]} AND attempts = 0 AND ${still}`, now]]
    case 'retrying':
      return [[`${WAITING[0]} AND attempts > 0 AND ${still}`, now]]
    case 'processing':
      return [PROCESSING]
    case 'final':
      return FINAL_STATES.map(final)
    default:
      return [final(String(state))]
  }
}

const final = (state: string): Term => [`state = ? AND state <> 'processing' AND ready = 0`, state]

function filtersOf({ queue, search, finished_since, sort }: ListParams): Term[] {
  const terms: Term[] = []
  if (queue !== undefined) terms.push(['queue = ?', queue])
  if (finished_since !== undefined) terms.push(['finished_at >= ?', finished_since])
  if (sort === 'finished') terms.push(['finished_at IS NOT NULL'])
  if (search !== undefined) {
    const pattern = `%${search.replace(/[\\%_]/g, '\\$&')}%`
    terms.push([`(id LIKE ? ESCAPE '\\' OR command LIKE ? ESCAPE '\\')`, pattern, pattern])
  }
  return terms
}

/** Where the job with id `after` stands; null: no job is named. Throws `not_found` when it is not in the list any more. */
function placeOf(db: Connection, { key }: Sort, after: string | undefined): Record<'key' | 'seq', number> | null {
  if (after === undefined) return null
  const last = db.get(`SELECT seq, ${key} AS key FROM jobs WHERE id = ?`, after)
  if (!last || last.key === null)
    throw notFound(`the job "${after}" is not in this list any more`, 'start again without --after')
  return { key: Number(last.key), seq: Number(last.seq) }
}

function select(db: Connection, terms: readonly Term[], { conditions, order }: Stretch<number>, limit: number): Row[] {
  const stretch = conditions.map(({ field, is, value }): Term => [`${field} ${is} ?`, value])
  const all = [...terms, ...stretch]
  const where = all.map(([sql]) => sql).join(' AND ')
  const values = all.flatMap(([, ...values]) => values)
  const by = order.map(({ field, down }) => `${field} ${down ? 'DESC' : 'ASC'}`).join(', ')
  return db.all(`SELECT seq, ${COLUMNS} FROM jobs WHERE ${where} ORDER BY ${by} LIMIT ?`, ...values, limit)
}

function withoutSeq({ seq: _, ...row }: Row): Row {
  return row
}
