import { type Doc, fieldsOf, isDoc, isNumber, isOperator, listOf, type Report, shown } from './documents.ts'
import { checkExpression } from './expressions.ts'
import { checkFilter } from './filters.ts'
import { namesVariable } from './operators.ts'

const OPERATORS = new Set(
  '$set $unset $inc $mul $min $max $currentDate $setOnInsert $rename $push $pull $pullAll $pop $addToSet $bit'.split(
    ' ',
  ),
)
const NUMERIC = new Set(['$inc', '$mul'])
const SETS = new Set(['$set', '$addFields'])
const STAGES = new Set([...SETS, '$unset', '$project', '$replaceRoot', '$replaceWith'])

/** One update of a command, with the field names of `update`. */
export interface Update {
  q: unknown
  u: unknown
  multi?: unknown
  upsert?: unknown
  arrayFilters?: unknown
}

/** Checks an update against its rules. Returns the fields that it names. */
export function checkUpdate(update: Update, report: Report): string[] {
  const { q, u, multi, upsert, arrayFilters } = update
  checkFilter(q, upsert ? 'upsert' : 'query', report)
  if (Array.isArray(u)) {
    if (arrayFilters !== undefined) report('update-array-filters', shown(arrayFilters))
    return u.flatMap((stage) => checkStage(stage, report))
  }
  const names = fieldsOf(u).map(([name]) => name)
  if (names.some(isOperator)) return checkOperators(u as Doc, q, report)
  if (multi && isDoc(u)) report('update-multi', shown(u))
  if (isDoc(u)) checkId(u._id, q, report)
  return names
}

function checkOperators(u: Doc, q: unknown, report: Report): string[] {
  const paths: string[] = []
  for (const [operator, fields] of Object.entries(u)) {
    if (!isOperator(operator)) report('operators-beside-fields', shown(u))
    else if (!OPERATORS.has(operator) || !isDoc(fields)) report('update-operator', `${operator}: ${shown(fields)}`)
    for (const [path, value] of fieldsOf(fields)) {
      const at = `${operator} ${path}: ${shown(value)}`
      paths.push(path)
      if (NUMERIC.has(operator) && !isNumber(value)) report('update-number', at)
      if (namesVariable(value)) report('variable-outside', at)
      if (path === '_id') checkId(value, q, report)
      if (operator === '$pull' && isDoc(value)) checkPulled(value, report)
    }
  }
  checkPaths(paths, report)
  return paths
}

function checkPulled(condition: Doc, report: Report): void {
  const [first = ''] = Object.keys(condition)
  checkFilter(isOperator(first) ? { value: condition } : condition, 'query', report)
}

function checkStage(stage: unknown, report: Report): string[] {
  const [[name = '', value] = [], ...others] = fieldsOf(stage)
  if (!STAGES.has(name) || others.length > 0) report('update-stage', shown(stage))
  const paths = SETS.has(name) ? fieldsOf(value).map(([path]) => path) : []
  if (paths.some((path) => path.split('.')[0] === '_id')) report('update-id', shown(stage))
  checkPaths(paths, report)
  if (name === '$unset') {
    const removed = [value].flat()
    if (removed.some((path) => typeof path !== 'string' || path === '' || isOperator(path)))
      report('update-stage', shown(stage))
    if (removed.includes('_id')) report('update-id', shown(stage))
  } else if (name !== '$project') checkExpression(value, report)
  else for (const [, field] of fieldsOf(value)) checkExpression(field, report)
  return paths
}

/** Reports an `_id` that differs from the filter's. Dates and binary are compared as text. */
function checkId(id: unknown, q: unknown, report: Report): void {
  const wanted = isDoc(q) ? q._id : undefined
  if (id !== undefined && shown(id) !== shown(wanted)) report('update-id', `${shown(id)} for ${shown(wanted)}`)
}

function checkPaths(paths: readonly string[], report: Report): void {
  const sorted = [...paths].sort()
  for (const [index, path] of sorted.entries()) {
    const within = sorted.slice(index + 1).find((other) => other === path || other.startsWith(`${path}.`))
    if (within !== undefined) report('update-path', `${path} and ${within}`)
  }
}

/** Checks a findAndModify against its rules. Returns the fields that it names. */
export function checkFindAndModify(command: Doc, report: Report): string[] {
  const { query, update, remove, upsert, arrayFilters } = command
  if (remove ? update !== undefined || upsert || command.new : update === undefined)
    report('find-and-modify', shown(Object.keys(command)))
  if (update !== undefined) return checkUpdate({ q: query ?? {}, u: update, upsert, arrayFilters }, report)
  checkFilter(query, 'query', report)
  return []
}

/** Checks a delete against its rules. */
export function checkDelete(each: unknown, report: Report): void {
  const { q, limit } = (isDoc(each) ? each : {}) as { q?: unknown; limit?: unknown }
  checkFilter(q, 'query', report)
  if (Number(limit) !== 0 && Number(limit) !== 1) report('delete-limit', shown(limit))
}

/** Whether a part of the command may write many documents: the driver never repeats such a command. */
export function isOfMany(command: Doc): boolean {
  return (
    listOf(command.updates).some((each) => isDoc(each) && each.multi === true) ||
    listOf(command.deletes).some((each) => isDoc(each) && Number(each.limit) === 0)
  )
}
