import { mongo } from 'mongoose'
import { checkConcerns } from './concerns.ts'
import { type Doc, isDoc, listOf, type Report, type Sent, shown } from './documents.ts'
import { checkFilter } from './filters.ts'
import { checkIndex } from './indexes.ts'
import { checkOrder, checkPipeline, checkProjection } from './pipelines.ts'
import { checkRole } from './roles.ts'
import type { RuleName } from './rules.ts'
import { checkFields } from './schema.ts'
import { checkSizes } from './sizes.ts'
import { checkDelete, checkFindAndModify, checkUpdate, type Update } from './updates.ts'

/** A rule that a command breaks. */
export interface Violation {
  rule: RuleName
  /** The part of it that breaks the rule. */
  detail: string
}

/** A command as it goes over the wire: without the wrappers of mongoose, and with null for undefined values. */
export function asSent(command: Doc): Doc {
  const { BSON } = mongo
  const options = { ignoreUndefined: false }
  const buffer = Buffer.allocUnsafe(BSON.calculateObjectSize(command, options))
  const last = BSON.serializeWithBufferAndIndex(command, buffer, options)
  return BSON.deserialize(buffer.subarray(0, last + 1))
}

/** Checks a command against all rules, even if the server of the tests accepts it. */
export function judge(sent: Sent): Violation[] {
  const violations: Violation[] = []
  const report: Report = (rule, detail) => violations.push({ rule, detail })
  const { command } = sent
  // An explained command is checked too.
  const asked = isDoc(command.explain) ? command.explain : command
  const [name = '', collection] = Object.entries(asked)[0] ?? []
  const paths = FORMS[name]?.(asked, report) ?? []
  if (sent.role !== null) checkFields(String(collection), paths, report)
  checkConcerns(sent, report)
  checkRole(sent, report)
  checkSizes(command, report)
  return violations
}

/** Checks the rules of each command's own language. Returns the fields that the command writes. */
const FORMS: Readonly<Record<string, (command: Doc, report: Report) => string[]>> = {
  find(command, report) {
    checkFilter(command.filter, 'query', report)
    checkOrder(command.sort, report)
    checkProjection(command.projection, report)
    return []
  },
  count: checkQuery,
  distinct: checkQuery,
  aggregate(command, report) {
    checkPipeline(command.pipeline, report)
    return []
  },
  update: (command, report) => listOf(command.updates).flatMap((each) => checkUpdate(each as Update, report)),
  findAndModify(command, report) {
    checkOrder(command.sort, report)
    checkProjection(command.fields, report)
    return checkFindAndModify(command, report)
  },
  delete(command, report) {
    for (const each of listOf(command.deletes)) checkDelete(each, report)
    return []
  },
  createIndexes(command, report) {
    if (listOf(command.indexes).length === 0) report('index-key', shown(command.indexes))
    for (const index of listOf(command.indexes)) checkIndex(index, report)
    return []
  },
  create: checkValidator,
  collMod: checkValidator,
}

function checkQuery({ query }: Doc, report: Report): string[] {
  checkFilter(query, 'query', report)
  return []
}

function checkValidator({ validator }: Doc, report: Report): string[] {
  checkFilter(validator, 'validator', report)
  return []
}
