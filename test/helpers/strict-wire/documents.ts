import type { RuleName } from './rules.ts'

/** A document as it is passed to the driver. */
export type Doc = Record<string, unknown>

/** A command that a client sends, and what is known about the client. */
export interface Sent {
  /** Its name is its first field. */
  command: Doc
  /** The role of the client, by the name that it sends to the server; null: a client of a test, not of the program. */
  role: 'command' | 'supervisor' | 'worker' | null
  /** A client whose calls may take hours: it creates indexes. */
  patient: boolean
  /** The program's command only reads, so that a user with the role `read` may run it. */
  only_looks: boolean
  /** The server is neither a member of a replica set nor a router. */
  standalone: boolean
}

/** Reports a broken rule; `detail` shows the part of the command that breaks it. */
export type Report = (rule: RuleName, detail: string) => void

/** Whether `value` is a document: neither an array nor a single value in BSON. */
export function isDoc(value: unknown): value is Doc {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  if ('_bsontype' in value || value instanceof Date || value instanceof RegExp || ArrayBuffer.isView(value))
    return false
  return true
}

/** The fields of a document, in their order; none for any other value. */
export function fieldsOf(value: unknown): [name: string, value: unknown][] {
  if (value instanceof Map) return [...value]
  return isDoc(value) ? Object.entries(value) : []
}

/** Whether a name is that of an operator. */
export const isOperator = (name: string) => name.startsWith('$')

/** `value` if it is a list; an empty list for any other value. */
export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** Whether it is a BSON number. */
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

/** The value and all values inside it, with the arguments of operators. */
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
