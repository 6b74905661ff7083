import type { mongo } from 'mongoose'

type Condition = Record<string, unknown>

/** What a command asks of the server: which documents, in which order. */
export interface Question {
  filter: Condition
  sort: readonly (readonly [field: string, direction: number])[]
}

/**
 * Whether MongoDB can answer from one of `indexes` without looking at every document and without sorting, by its rule of equality, sort,
 * range (https://www.mongodb.com/docs/manual/tutorial/equality-sort-range-guideline/). `$in` counts as equality: the server merges
 * one scan for each value. A partial index serves only a filter that says its condition.
 */
export function isServed(question: Question, indexes: readonly mongo.IndexDescription[]): boolean {
  const conditions = flatten(question.filter)
  if (conditions.some(([field]) => field === '_id')) return question.sort.every(([field]) => field !== 'seq')
  return indexes.some((index) => serves(index, conditions, question.sort))
}

type Conditions = readonly (readonly [field: string, condition: unknown])[]

function serves(index: mongo.IndexDescription, conditions: Conditions, sort: Question['sort']): boolean {
  const partial = Object.entries(index.partialFilterExpression ?? {})
  if (!partial.every((wanted) => conditions.some((condition) => says(condition, wanted)))) return false
  const keys = Object.entries(index.key) as [string, number][]
  const equal = keys.findIndex(([field]) => !conditions.some(([name, value]) => name === field && isEquality(value)))
  const fixed = equal < 0 ? keys.length : equal
  const rest = keys.slice(fixed)
  if (sort.length > 0) return ordered(rest, sort)
  return fixed > 0 || conditions.some(([field]) => field === rest[0]?.[0])
}

/** The keys give that order, forwards or backwards. */
function ordered(keys: readonly (readonly [string, number])[], sort: Question['sort']): boolean {
  const turn = (sort[0]?.[1] ?? 1) * (keys[0]?.[1] ?? 1)
  return sort.every(([field, direction], i) => keys[i]?.[0] === field && keys[i]?.[1] * turn === direction)
}

function flatten(filter: Condition): [string, unknown][] {
  return Object.entries(filter).flatMap(([field, condition]) =>
    field === '$and' ? (condition as Condition[]).flatMap(flatten) : [[field, condition] as [string, unknown]],
  )
}

function isEquality(condition: unknown): boolean {
  if (typeof condition !== 'object' || condition === null || condition instanceof Date) return true
  return '$in' in condition || '$eq' in condition
}

/** A condition is said when it stands there word for word, alone or beside others on the same field. */
function says([field, condition]: readonly [string, unknown], [wanted, value]: readonly [string, unknown]): boolean {
  if (field !== wanted) return false
  if (typeof value !== 'object' || value === null) return condition === value
  return Object.entries(value).every(
    ([operator, limit]) => String((condition as Condition | null)?.[operator]) === String(limit),
  )
}
