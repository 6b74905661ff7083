import { everyValue, fieldsOf, isDoc, isNumber, isOperator, listOf, type Report, shown } from './documents.ts'
import { checkExpression } from './expressions.ts'
import { namesVariable } from './operators.ts'

const LOGICAL = new Set(['$and', '$or', '$nor'])
const TOP = new Set([...LOGICAL, '$expr', '$where', '$text', '$comment', '$jsonSchema', '$alwaysTrue', '$alwaysFalse'])
const OF_FIELDS = new Set(
  `$eq $ne $gt $gte $lt $lte $in $nin $all $elemMatch $size $exists $type $mod $regex $options $not $geoWithin $geoIntersects
  $near $nearSphere $maxDistance $minDistance $bitsAllSet $bitsAllClear $bitsAnySet $bitsAnyClear`.split(/\s+/),
)
const LISTS = new Set(['$in', '$nin', '$all'])
const TYPES = new Set(
  `double string object array binData undefined objectId bool date null regex dbPointer javascript symbol
  javascriptWithScope int timestamp long decimal minKey maxKey number`.split(/\s+/),
)

/** Not allowed where a document may be created from the filter. */
const NOT_IN_UPSERT = new Set(['$expr', '$where', '$text', '$near', '$nearSphere'])

/** The place of a filter: in a query, in an update that may insert, or in the validator of a collection. */
export type Place = 'query' | 'upsert' | 'validator'

/** Checks a filter against the rules of its language. */
export function checkFilter(filter: unknown, place: Place, report: Report): void {
  if (filter === undefined) return
  if (!isDoc(filter)) {
    report('filter-operator', `a filter is a document: ${shown(filter)}`)
    return
  }
  for (const [name, value] of Object.entries(filter)) {
    if (isOperator(name)) checkTop(name, value, place, report)
    else checkField(name, value, place, report)
  }
}

function checkTop(name: string, value: unknown, place: Place, report: Report): void {
  checkPlace(name, value, place, report)
  if (!TOP.has(name)) report('filter-operator', `${name} at the top of a filter`)
  else if (LOGICAL.has(name)) {
    const parts = listOf(value)
    if (parts.length === 0 || !parts.every(isDoc)) report('filter-list', `${name}: ${shown(value)}`)
    for (const part of parts.filter(isDoc)) checkFilter(part, place, report)
  } else if (name === '$expr') checkExpression(value, report)
}

function checkPlace(name: string, value: unknown, place: Place, report: Report): void {
  if (place === 'upsert' && NOT_IN_UPSERT.has(name)) report('upsert-filter', name)
  if (place !== 'validator') return
  const functions = name === '$expr' && [...everyValue(value)].some((part) => isDoc(part) && '$function' in part)
  if ((name !== '$expr' && NOT_IN_UPSERT.has(name)) || functions) report('validator', name)
}

function checkField(field: string, value: unknown, place: Place, report: Report): void {
  if (namesVariable(value)) report('variable-outside', `${field}: ${value}`)
  const names = isDoc(value) ? Object.keys(value) : []
  if (!names.some(isOperator)) return
  if (!names.every(isOperator)) report('operators-beside-fields', `${field}: ${shown(value)}`)
  checkOperators(field, value, place, report)
}

function checkOperators(field: string, operators: unknown, place: Place, report: Report): void {
  for (const [name, value] of fieldsOf(operators)) {
    if (!isOperator(name)) continue
    checkPlace(name, value, place, report)
    const at = `${field}: {${name}: ${shown(value)}}`
    if (!OF_FIELDS.has(name)) report('filter-operator', at)
    if (namesVariable(value) || listOf(value).some(namesVariable)) report('variable-outside', at)
    if (LISTS.has(name)) checkList(value, at, report)
    else if (name === '$not') checkNot(field, value, place, at, report)
    else if (name === '$elemMatch') checkElements(field, value, place, at, report)
    else if (!hasFitting(name, value, operators)) report('filter-argument', at)
  }
}

function checkList(value: unknown, at: string, report: Report): void {
  const nested = (each: unknown) => isDoc(each) && isOperator(Object.keys(each)[0] ?? '')
  if (!Array.isArray(value) || value.some(nested)) report('filter-list', at)
}

function checkNot(field: string, value: unknown, place: Place, at: string, report: Report): void {
  if (value instanceof RegExp) return
  const names = fieldsOf(value).map(([name]) => name)
  if (names.length === 0 || !names.every(isOperator)) report('filter-not', at)
  checkOperators(field, value, place, report)
}

function checkElements(field: string, value: unknown, place: Place, at: string, report: Report): void {
  if (!isDoc(value)) {
    report('filter-not', at)
    return
  }
  const [first = ''] = Object.keys(value)
  if (isOperator(first) && !TOP.has(first)) checkOperators(field, value, place, report)
  else checkFilter(value, place === 'upsert' ? 'query' : place, report)
}

function hasFitting(name: string, value: unknown, operators: unknown): boolean {
  const beside = fieldsOf(operators).map(([other]) => other)
  switch (name) {
    case '$type':
      return (Array.isArray(value) ? value : [value]).every((type) => isNumber(type) || TYPES.has(String(type)))
    case '$size':
      return isNumber(value) && Number.isInteger(Number(value)) && Number(value) >= 0
    case '$regex':
      return typeof value === 'string' || value instanceof RegExp || isDocOfType(value, 'BSONRegExp')
    case '$options':
      return typeof value === 'string' && beside.includes('$regex')
    default:
      return true
  }
}

const isDocOfType = (value: unknown, type: string) => (value as { _bsontype?: string } | null)?._bsontype === type
