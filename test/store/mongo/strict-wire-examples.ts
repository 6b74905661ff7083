import type { Doc, Sent } from '../../helpers/strict-wire/documents.ts'
import type { RuleName } from '../../helpers/strict-wire/rules.ts'

export type Example = Partial<Sent> & { command: Doc }
type Examples = Example | Example[]

const find = (filter: Doc, more: Doc = {}): Example => ({ command: { find: 'c', filter, ...more } })
const update = (u: unknown, more: Doc = {}): Example => ({ command: { update: 'c', updates: [{ q: {}, u, ...more }] } })
const remove = (limit: number): Example => ({ command: { delete: 'c', deletes: [{ q: { a: 1 }, limit }] } })
const pipeline = (...stages: Doc[]): Example => ({ command: { aggregate: 'c', pipeline: stages, cursor: {} } })
const index = (more: Doc): Example => ({
  command: { createIndexes: 'c', indexes: [{ name: 'i', key: { a: 1 }, ...more }] },
})
const partial = (filter: Doc): Example => index({ partialFilterExpression: filter })
const create = (validator: Doc): Example => ({ command: { create: 'c', validator } })
/** A command with an expression where one is allowed. */
const expression = (value: unknown): Example => update([{ $set: { a: value } }])
const cond = (names: string): Doc => ({ $cond: Object.fromEntries(names.split(' ').map((name) => [name, 1])) })
/** As a client of the program sends it. */
const ours = (command: Doc, over: Partial<Sent> = {}): Example => ({ command, role: 'worker', ...over })

const MAJORITY = { readConcern: { level: 'majority' } }
const JOURNALED = { writeConcern: { w: 'majority', j: true, wtimeout: 10_000 } }
const INSERT = { insert: 'jobs', documents: [{ _id: 'a' }], ...JOURNALED }

function nested(levels: number): Doc {
  return levels === 0 ? {} : { a: nested(levels - 1) }
}

/** For each rule a command that breaks only this rule, and a similar one that breaks none. */
export const EXAMPLES: Readonly<Record<RuleName, { breaks: Examples; near: Examples }>> = {
  'upsert-filter': {
    breaks: ['$expr', '$where', '$text'].map((name) => ({
      command: { update: 'c', updates: [{ q: { $or: [{ [name]: {} }] }, u: { $set: { a: 1 } }, upsert: true }] },
    })),
    near: [
      { command: { update: 'c', updates: [{ q: { $expr: true }, u: { $set: { a: 1 } } }] } },
      { command: { findAndModify: 'c', query: { _id: 1 }, update: { $set: { a: 1 } }, upsert: true } },
    ],
  },
  'filter-operator': {
    breaks: [find({ $in: [1] }), find({ a: { $lessThan: 1 } }), find({ a: { $or: [{ b: 1 }] } })],
    near: [find({ $or: [{ a: 1 }, { b: { $gt: 1, $lt: 3 } }] }), find({ a: { $elemMatch: { $or: [{ b: 1 }] } } })],
  },
  'filter-list': {
    breaks: [
      find({ a: { $in: 'x' } }),
      find({ $and: [] }),
      find({ $or: { a: 1 } }),
      find({ a: { $nin: [{ $gt: 1 }] } }),
    ],
    near: [find({ a: { $in: [] } }), find({ $and: [{ a: 1 }] }), find({ a: { $in: [{ b: 1 }] } })],
  },
  'filter-not': {
    breaks: [find({ a: { $not: 5 } }), find({ a: { $not: {} } }), find({ a: { $elemMatch: 5 } })],
    near: [
      find({ a: { $not: { $type: 'date' } } }),
      find({ a: { $not: /x/ } }),
      find({ a: { $elemMatch: { $gt: 1 } } }),
    ],
  },
  'filter-argument': {
    breaks: [find({ a: { $type: 'text' } }), find({ a: { $options: 'i' } }), find({ a: { $size: 1.5 } })],
    near: [
      find({ a: { $type: ['date', 10] } }),
      find({ a: { $regex: 'x', $options: 'i' } }),
      find({ a: { $size: 1 } }),
    ],
  },
  'operators-beside-fields': {
    breaks: [find({ a: { $exists: true, b: 1 } }), update({ $set: { a: 1 }, b: 2 })],
    near: [find({ a: { b: 1, c: 2 } }), update({ $set: { a: 1 }, $inc: { b: 2 } })],
  },
  'variable-outside': {
    breaks: [find({ a: '$$NOW' }), find({ a: { $lt: '$$NOW' } }), update({ $set: { a: '$$NOW' } })],
    near: [find({ $expr: { $lt: ['$a', '$$NOW'] } }), expression('$$NOW'), find({ a: '$5' })],
  },
  'expression-operator': {
    breaks: [expression({ $toUUID: '$a' }), find({ $expr: { $exists: '$a' } })],
    near: [expression({ $toLong: '$a' }), find({ $expr: { $isNumber: '$a' } })],
  },
  'expression-single': {
    breaks: [expression({ $add: [1, 2], $max: [1] }), expression({ $add: [1, 2], b: 1 })],
    near: expression({ a: { $add: [1, 2] }, b: { $max: [1] } }),
  },
  'expression-arity': {
    breaks: [
      expression({ $eq: ['$a'] }),
      expression({ $cond: [true, 1] }),
      expression(cond('if then')),
      expression({ $ifNull: ['$a'] }),
      expression({ $toLong: ['$a', '$b'] }),
      expression({ $filter: { input: '$a', where: true, cond: true } }),
    ],
    near: [
      expression({ $eq: ['$a', null] }),
      expression(cond('if then else')),
      expression({ $toLong: ['$a'] }),
      expression({ $slice: ['$a', -2] }),
    ],
  },
  'expression-variable': {
    breaks: [expression('$$LATER'), expression({ $map: { input: '$a', as: 'x', in: '$$this' } })],
    near: [
      expression({ $map: { input: '$a', as: 'x', in: { $add: ['$$x.b', 1] } } }),
      expression({ $let: { vars: { y: '$a' }, in: '$$y' } }),
      expression({ $literal: '$$LATER' }),
    ],
  },
  'expression-path': {
    breaks: [expression('$'), expression('$a..b'), expression('$a.$b')],
    near: [expression('$a.b'), expression({ $literal: '$' }), expression('costs $5')],
  },
  'update-operator': {
    breaks: [update({ $sett: { a: 1 } }), update({ $set: 5 })],
    near: [update({ $setOnInsert: { a: 1 } }), update({ $currentDate: { a: true } })],
  },
  'update-multi': {
    breaks: update({ a: 1 }, { multi: true }),
    near: [update({ a: 1 }), update({ $set: { a: 1 } }, { multi: true })],
  },
  'update-path': {
    breaks: [
      update({ $set: { a: 1 }, $inc: { a: 1 } }),
      update({ $set: { 'a.b': 1, a: 1 } }),
      update([{ $set: { a: 1, 'a.b': 1 } }]),
    ],
    near: [update({ $set: { a: 1 }, $inc: { ab: 1 } }), update([{ $set: { 'a.b': 1 } }, { $set: { a: 2 } }])],
  },
  'update-number': {
    breaks: [update({ $inc: { a: '1' } }), update({ $mul: { a: null } })],
    near: [update({ $inc: { a: -1.5 } }), update({ $max: { a: '1' } })],
  },
  'update-id': {
    breaks: [
      update([{ $set: { _id: 2 } }]),
      update({ $set: { _id: 2 } }, { q: { _id: 1 } }),
      update([{ $unset: '_id' }]),
    ],
    near: [
      update([{ $set: { id: 2 } }]),
      update({ $set: { _id: 1 } }, { q: { _id: 1 } }),
      update([{ $unset: ['a', 'b'] }]),
    ],
  },
  'update-array-filters': {
    breaks: update([{ $set: { a: 1 } }], { arrayFilters: [{ x: 1 }] }),
    near: update({ $set: { 'a.$[x]': 1 } }, { arrayFilters: [{ x: 1 }] }),
  },
  'update-stage': {
    breaks: [update([{ $match: { a: 1 } }]), update([{ $set: { a: 1 }, $unset: 'b' }]), update([{ $unset: 5 }])],
    near: [update([{ $set: { a: 1 } }, { $unset: 'b' }]), update([{ $replaceWith: '$a' }])],
  },
  'find-and-modify': {
    breaks: [
      { command: { findAndModify: 'c', query: {} } },
      { command: { findAndModify: 'c', query: {}, remove: true, new: true } },
    ],
    near: [
      { command: { findAndModify: 'c', query: {}, remove: true } },
      { command: { findAndModify: 'c', query: {}, update: { $set: { a: 1 } }, new: true } },
    ],
  },
  'delete-limit': { breaks: remove(2), near: [remove(0), remove(1)] },
  'pipeline-stage': {
    breaks: [
      pipeline({ $where: 1 }),
      pipeline({ $match: {} }, { $changeStream: {} }),
      pipeline({ $limit: 1, $skip: 1 }),
    ],
    near: [pipeline({ $changeStream: {} }, { $match: {} }), pipeline({ $skip: 1 }, { $limit: 1 })],
  },
  'pipeline-group': {
    breaks: [pipeline({ $group: { n: { $sum: 1 } } }), pipeline({ $group: { _id: null, n: { $total: 1 } } })],
    near: pipeline({ $group: { _id: { a: '$a' }, n: { $sum: 1 } } }),
  },
  'sort-order': {
    breaks: [find({}, { sort: { a: 2 } }), pipeline({ $sort: { a: 'up' } })],
    near: [find({}, { sort: { a: -1, b: 1 } }), find({}, { sort: new Map([['a', 1]]) })],
  },
  'projection-mixed': {
    breaks: find({}, { projection: { a: 1, b: 0 } }),
    near: [find({}, { projection: { a: 1, _id: 0 } }), find({}, { projection: { a: 0, b: 0 } })],
  },
  'index-key': {
    breaks: [index({ key: { a: 'text' } }), index({ key: {} }), index({ name: '' }), index({ key: { a: 2 } })],
    near: index({ key: { a: 1, 'b.c': -1 } }),
  },
  'index-option': {
    breaks: [
      index({ uniq: true }),
      index({ expireAfterSeconds: -1 }),
      index({ key: { a: 1, b: 1 }, expireAfterSeconds: 5 }),
    ],
    near: [index({ unique: true }), index({ expireAfterSeconds: 5 })],
  },
  'index-partial-sparse': {
    breaks: index({ sparse: true, partialFilterExpression: { a: 1 } }),
    near: [index({ sparse: true }), index({ unique: true, partialFilterExpression: { a: 1 } })],
  },
  'index-partial': {
    breaks: [
      partial({ a: { $ne: 1 } }),
      partial({ a: { $exists: false } }),
      partial({ $nor: [{ a: 1 }] }),
      partial({ a: /x/ }),
    ],
    near: [
      partial({ $and: [{ a: { $gt: 1 } }, { b: { $exists: true } }] }),
      partial({ a: { $in: [1] }, b: { $type: 'date' } }),
    ],
  },
  validator: {
    breaks: [create({ $where: 'true' }), create({ $or: [{ a: { $near: [0, 0] } }] })],
    near: create({ $or: [{ a: { $type: 'date' } }, { $expr: { $eq: ['$a', '$b'] } }] }),
  },
  'transaction-standalone': {
    breaks: { command: { insert: 'c', documents: [{}], txnNumber: 1 }, standalone: true },
    near: [
      { command: { insert: 'c', documents: [{}], txnNumber: 1 } },
      { command: { insert: 'c', documents: [{}] }, standalone: true },
    ],
  },
  'transaction-multi': {
    breaks: { command: { delete: 'c', deletes: [{ q: {}, limit: 0 }], txnNumber: 1 } },
    near: { command: { delete: 'c', deletes: [{ q: {}, limit: 1 }], txnNumber: 1 } },
  },
  'read-concern-place': {
    breaks: { command: { listIndexes: 'c', ...MAJORITY } },
    near: { command: { count: 'c', query: {}, ...MAJORITY } },
  },
  'write-concern-place': {
    breaks: { command: { find: 'c', ...JOURNALED } },
    near: [
      { command: { create: 'c', ...JOURNALED } },
      { command: { aggregate: 'c', pipeline: [{ $out: 'd' }], ...JOURNALED } },
    ],
  },
  'read-concern-ours': {
    breaks: [ours({ find: 'jobs' }), ours({ count: 'outputs' })],
    near: [ours({ find: 'jobs', ...MAJORITY }), ours({ find: 'outputs', readConcern: { level: 'local' } }), find({})],
  },
  'write-concern-ours': {
    breaks: [
      ours({ ...INSERT, writeConcern: { w: 'majority', j: true, wtimeout: 77 } }),
      ours({ ...INSERT, writeConcern: { w: 1 } }),
      ours({ create: 'jobs' }),
      ours({ create: 'jobs', ...JOURNALED }, { patient: true }),
    ],
    near: [
      ours(INSERT),
      ours({ ...INSERT, insert: 'outputs', writeConcern: { w: 1 } }),
      ours({ ...INSERT, writeConcern: { ...JOURNALED.writeConcern, wtimeout: 5_000 } }, { role: 'command' }),
    ],
  },
  role: {
    breaks: [
      ours({ collMod: 'jobs', validator: {}, ...JOURNALED }, { only_looks: true }),
      ours({ serverStatus: 1 }),
      ours({ ...INSERT, bypassDocumentValidation: true }),
      ours({ find: 'users', $db: 'admin', ...MAJORITY }),
      ours(
        { ...INSERT, writeConcern: { w: 'majority', j: true, wtimeout: 5_000 } },
        { role: 'command', only_looks: true },
      ),
    ],
    near: [
      ours({ hello: 1, $db: 'admin' }),
      ours(INSERT),
      ours({ collMod: 'jobs', validator: {}, ...JOURNALED }),
      ours({ find: 'jobs', ...MAJORITY }, { only_looks: true }),
    ],
  },
  'field-unknown': {
    breaks: [
      ours({ update: 'jobs', updates: [{ q: {}, u: [{ $set: { statf: 1 } }] }], ...JOURNALED }),
      ours({ findAndModify: 'meta', query: {}, update: [{ $set: { 'expiry.at': 1 } }], ...JOURNALED }),
    ],
    near: [
      ours({ update: 'jobs', updates: [{ q: {}, u: [{ $set: { 'history.0.token': 1 } }] }], ...JOURNALED }),
      ours({ update: 'customers', updates: [{ q: {}, u: [{ $set: { statf: 1 } }] }], ...JOURNALED }),
    ],
  },
  'document-size': {
    breaks: { command: { insert: 'c', documents: [{ a: 'x'.repeat(16 * 1024 * 1024) }] } },
    near: { command: { insert: 'c', documents: [1, 2].map(() => ({ a: 'x'.repeat(16 * 1024 * 1024 - 100) })) } },
  },
  'message-size': {
    breaks: [
      { command: { insert: 'c', documents: [1, 2, 3, 4].map(() => ({ a: 'x'.repeat(13_000_000) })) } },
      { command: { insert: 'c', documents: [] } },
    ],
    near: { command: { insert: 'c', documents: [1, 2, 3].map(() => ({ a: 'x'.repeat(13_000_000) })) } },
  },
  'document-depth': {
    breaks: { command: { insert: 'c', documents: [nested(100)] } },
    near: { command: { insert: 'c', documents: [nested(99)] } },
  },
}
