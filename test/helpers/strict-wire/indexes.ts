import { fieldsOf, isDoc, isOperator, listOf, type Report, shown } from './documents.ts'
import { checkFilter } from './filters.ts'

const OPTIONS = new Set(
  'key name unique sparse partialFilterExpression expireAfterSeconds hidden collation background v'.split(' '),
)
const LOGICAL = new Set(['$and', '$or'])
/** Since 6.0 $or and $in too, and $and anywhere. */
const OF_FIELDS = new Set(['$eq', '$gt', '$gte', '$lt', '$lte', '$exists', '$type', '$in'])
const LONGEST_AGE_S = 2_147_483_647

/** Checks one index of a createIndexes against its rules. */
export function checkIndex(index: unknown, report: Report): void {
  if (!isDoc(index)) {
    report('index-key', shown(index))
    return
  }
  const key = fieldsOf(index.key)
  const fits = key.every(([field, way]) => field !== '' && !isOperator(field) && (way === 1 || way === -1))
  if (key.length === 0 || !fits || typeof index.name !== 'string' || index.name === '')
    report('index-key', shown(index))
  const strange = Object.keys(index).filter((name) => !OPTIONS.has(name))
  if (strange.length > 0) report('index-option', strange.join(', '))
  checkAge(index.expireAfterSeconds, key, report)
  // Its presence is enough, with any value.
  if (index.sparse !== undefined && index.partialFilterExpression !== undefined)
    report('index-partial-sparse', shown(index))
  if (index.partialFilterExpression !== undefined) {
    checkFilter(index.partialFilterExpression, 'query', report)
    checkPartial(index.partialFilterExpression, report)
  }
}

function checkAge(age: unknown, key: readonly [string, unknown][], report: Report): void {
  if (age === undefined) return
  const fits = typeof age === 'number' && age >= 0 && age <= LONGEST_AGE_S
  if (!fits || key.length !== 1 || key[0]?.[0] === '_id') report('index-option', `expireAfterSeconds: ${shown(age)}`)
}

function checkPartial(filter: unknown, report: Report): void {
  for (const [name, value] of fieldsOf(filter)) {
    if (isOperator(name)) {
      if (!LOGICAL.has(name)) report('index-partial', name)
      for (const part of listOf(value)) checkPartial(part, report)
      continue
    }
    for (const [operator, argument] of fieldsOf(value)) {
      const fits = !isOperator(operator) || (OF_FIELDS.has(operator) && !(operator === '$exists' && argument !== true))
      if (!fits) report('index-partial', `${name}: ${shown(value)}`)
    }
    if (value instanceof RegExp) report('index-partial', `${name}: ${value}`)
  }
}
