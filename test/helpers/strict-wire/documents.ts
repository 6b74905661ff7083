import type { RuleName } from './rules.ts'

/** A document as the driver is given it. */
export type Doc = Record<string, unknown>

/** A command that a client sends, and what is known of who sends it. */
export interface Sent {
  /** Its name is its first field. */
  command: Doc
  /** What the client is for, by the name that it gives the server; null: a client of a test, not of the program. */
  role: 'command' | 'supervisor' | 'worker' | null
  /** A client whose calls may take hours: it makes indexes. */
  patient: boolean
  /** The program's own command only looks, so that a user with the role `read` may run it. */
  only_looks: boolean
  /** The server is no member of a replica set, nor a router. */
  standalone: boolean
}

/** A rule is broken; `detail` says by which part of the command. */
export type Report = (rule: RuleName, detail: string) => void

/** Whether `value` is a document: no array, and nothing that is one value in BSON. */
export function isDoc(value: unknown): value is Doc {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  if ('_bsontype' in value || value instanceof Date || value instanceof RegExp || ArrayBuffer.isView(value))
    return false
  return true
}

/** The fields of a document, in their order; none for anything else. */
export function fieldsOf(value: unknown): [name: string, value: unknown][] {
  if (value instanceof Map) return [...value]
  return isDoc(value) ? Object.entries(value) : []
}

/** Whether a name is that of an operator. */
export const isOperator = (name: string) => name.startsWith('$')

/** The list that stands there; empty for anything else. */
export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** Whether it is a number of BSON. */
export function isNumber(value: unknown): boolean {
  if (typeof value === 'number' || typeof value === 'bigint') return true
  const type = (value as { _bsontype?: string } | null)?._bsontype
  return type !== undefined && ['Int32', 'Long', 'Double', 'Decimal128'].includes(type)
}

/** Shows a part of a command in one short line. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? String(value)
  return text.length > 160 ? `${text.slice(0, 160)}…` : text
}

/** The value, and all values inside of it, operators' arguments included. */
export function* everyValue(value: unknown): Generator<unknown> {
  yield value
  for (const inner of Array.isArray(value) ? value : fieldsOf(value).map(([, field]) => field)) yield* everyValue(inner)
}

/** Levels of documents and arrays. */
export function depthOf(value: unknown): number {
  const inner = Array.isArray(value)
    ? value
    : isDoc(value) || value instanceof Map
      ? fieldsOf(value).map(([, v]) => v)
      : null
  if (inner === null) return 0
  return 1 + inner.reduce<number>((deepest, each) => Math.max(deepest, depthOf(each)), 0)
}
