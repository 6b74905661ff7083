import type { SQLInputValue } from 'node:sqlite'
import { notFound } from '../../domain/errors.ts'
import { FINAL_STATES } from '../../domain/job.ts'
import type { JobStore, ListParams } from '../port.ts'
import { comparator, SORTS, type Sort, type Stretch, stretchesOf } from '../sorting.ts'
import type { Connection, Row } from './connection.ts'
import { COLUMNS, toJob } from './rows.ts'

/** A condition with its values. */
type Term = readonly [sql: string, ...values: SQLInputValue[]]

// Each condition repeats that of its partial index in the schema: SQLite uses such an index only if the condition
// implies it.
const READY: Term = [`state = 'pending' AND state <> 'processing' AND ready = 1`]
const READY_IN_ORDER: Term = ['ready = 1']
const WAITING: Term = [`state = 'pending' AND state <> 'processing' AND ready = 0`]
const PROCESSING: Term = [`state = 'processing'`]

/**
 * Pages of jobs. Each part of the answer (`pending` has two: ready and waiting) is read in order from its own index, at
 * most one page of it, and the parts are merged here: one query over all of them would sort everything that matches.
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

/**
 * Without a state, a sort covers the jobs it makes sense for: `due` and `order` pending ones, `finished` final ones.
 */
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
      // Due, but not yet promoted by a claim.
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

/**
 * Position of the job with the ID `after`; null without an ID. Throws `not_found` when the job is no longer in the
 * list.
 */
function placeOf(db: Connection, { key }: Sort, after: string | undefined): Record<'key' | 'seq', number> | null {
  if (after === undefined) return null
  const last = db.get(`SELECT seq, ${key} AS key FROM jobs WHERE id = ?`, after)
  if (!last || last.key === null)
    throw notFound(`the job "${after}" is no longer in this list`, 'start again without --after')
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
