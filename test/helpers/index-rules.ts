import type { mongo } from 'mongoose'

type Condition = Record<string, unknown>

/** What a command requests of the server: which documents, in which order. */
export interface Question {
  filter: Condition
  sort: readonly (readonly [field: string, direction: number])[]
}

/**
 * The most scans of an index that the server merges, one for each combination of values in `$in`; beyond that it sorts
 * (https://github.com/mongodb/mongo/blob/master/src/mongo/db/query/query_knobs.idl, internalQueryMaxScansToExplode).
 */
const MERGED_SCANS = 200

/**
 * Whether MongoDB can answer from one of `indexes` without a scan of all documents and without a sort, by its rule of
 * equality, sort, range (https://www.mongodb.com/docs/manual/tutorial/equality-sort-range-guideline/). `$in` counts as
 * equality: the server merges one scan for each value. A partial index serves only a filter that contains its
 * condition.
 */
export function isServed(question: Question, indexes: readonly mongo.IndexDescription[]): boolean {
  const isById = flatten(question.filter).some(([field]) => field === '_id')
  if (isById) return question.sort.every(([field]) => field !== 'seq')
  return servedBy(question, indexes).length > 0
}

/**
 * The names of those `indexes` that serve it so, the one with the fewest entries to scan first; a query by id needs
 * none.
 */
export function servedBy({ filter, sort }: Question, indexes: readonly mongo.IndexDescription[]): string[] {
  const conditions = flatten(filter)
  const named = ({ key }: mongo.IndexDescription) =>
    Object.keys(key).filter((field) => conditions.some(([name]) => name === field)).length
  const serving = indexes.filter((index) => serves(index, conditions, sort))
  return serving.sort((a, b) => named(b) - named(a)).map(({ name }) => String(name))
}

type Conditions = readonly (readonly [field: string, condition: unknown])[]

function serves(index: mongo.IndexDescription, conditions: Conditions, sort: Question['sort']): boolean {
  const partial = Object.entries(index.partialFilterExpression ?? {})
  if (!partial.every((wanted) => conditions.some((condition) => says(condition, wanted)))) return false
  const keys = Object.entries(index.key) as [string, number][]
  const points = (field: string) =>
    Math.min(...conditions.map(([name, value]) => (name === field ? scans(value) : NONE)))
  const equal = keys.findIndex(([field]) => points(field) === NONE)
  const fixed = equal < 0 ? keys.length : equal
  const rest = keys.slice(fixed)
  if (sort.length === 0) return fixed > 0 || conditions.some(([field]) => field === rest[0]?.[0])
  const merged = keys.slice(0, fixed).reduce((product, [field]) => product * points(field), 1)
  return merged <= MERGED_SCANS && ordered(rest, sort)
}

/** Whether the keys give that order, forwards or backwards. */
function ordered(keys: readonly (readonly [string, number])[], sort: Question['sort']): boolean {
  const turn = (sort[0]?.[1] ?? 1) * (keys[0]?.[1] ?? 1)
  return sort.every(([field, direction], i) => keys[i]?.[0] === field && keys[i]?.[1] * turn === direction)
}

function flatten(filter: Condition): [string, unknown][] {
  return Object.entries(filter).flatMap(([field, condition]) =>
    field === '$and' ? (condition as Condition[]).flatMap(flatten) : [[field, condition] as [string, unknown]],
  )
}

/** Whether a condition is not fixed to single values. */
const NONE = Number.POSITIVE_INFINITY

/** The number of index scans for a condition on its field. */
function scans(condition: unknown): number {
  if (typeof condition !== 'object' || condition === null || condition instanceof Date || '$eq' in condition) return 1
  return '$in' in condition ? (condition.$in as unknown[]).length : NONE
}

/** Whether a filter contains a condition literally, alone or beside others on the same field. */
function says([field, condition]: readonly [string, unknown], [wanted, value]: readonly [string, unknown]): boolean {
  if (field !== wanted) return false
  if (typeof value !== 'object' || value === null) return condition === value
  return Object.entries(value).every(
    ([operator, limit]) => String((condition as Condition | null)?.[operator]) === String(limit),
  )
}
