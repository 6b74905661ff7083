import { isDeepStrictEqual } from 'node:util'
import { expect } from 'chai'

/** A time that the store writes: its own now plus so many milliseconds. */
export class Now {
  readonly plus_ms: number

  constructor(plus_ms = 0) {
    this.plus_ms = plus_ms
  }
}

/** `T` with times that the store chooses. */
export type Expected<T> = { [Field in keyof T]: Field extends `${string}_at` ? T[Field] | Now : T[Field] }

/** When a call was made, by the store's clock, and how far that clock may be off. */
export interface Span {
  from: number
  to: number
  slack_ms: number
}

/**
 * Throws unless `actual` is as expected. Times that the store chose must be in their span, and must not change
 * afterwards.
 */
export function meet<T extends object>(
  expected: Expected<T>,
  actual: T,
  { from, to, slack_ms }: Span,
  what: string,
): void {
  for (const [field, value] of Object.entries(expected)) {
    if (!(value instanceof Now)) continue
    const found = actual[field as keyof T] as number
    expect(found - value.plus_ms, `${what}: ${field}`).to.be.within(from - slack_ms, to + slack_ms)
    expected[field as keyof T] = found as never
  }
  same(actual, expected, what)
}

/** Throws unless they are deeply equal; names the fields that differ. */
export function same(actual: object, expected: object, what: string): void {
  const names = new Set([...Object.keys(actual), ...Object.keys(expected)])
  const pairs = [...names].map((name) => ({ name, is: actual[name as never], has_to_be: expected[name as never] }))
  const wrong = pairs.filter(({ is, has_to_be }) => !isDeepStrictEqual(is, has_to_be))
  if (wrong.length > 0) expect.fail(`${what}: ${JSON.stringify(wrong)}`)
}
