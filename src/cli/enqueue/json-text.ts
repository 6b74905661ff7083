import { invalid, kindOf } from '../../domain/errors.ts'

/** The JSON object in `text`. Throws `invalid` with the line and column of the first error. */
export function parseJsonObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalid(malformed(text), 'write {"command": "…"}, or queuectl enqueue -- COMMAND')
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw invalid(
    `a job is a JSON object, not ${kindOf(value)}`,
    'write {"command": "…"}, or queuectl enqueue -- COMMAND',
  )
}

function malformed(text: string): string {
  const at = errorIndex(text)
  const before = text.slice(0, at)
  const line = before.split('\n').length
  const column = at - (before.lastIndexOf('\n') + 1) + 1
  const found =
    at < text.length
      ? `unexpected ${JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0))}`
      : 'unexpected end'
  // In bulk input, a job is one line, whose number is reported separately.
  const place = text.includes('\n') ? `line ${line}, column ${column}` : `column ${column}`
  return `malformed JSON at ${place}: ${found}`
}

/**
 * Index of the first character that makes `text` invalid JSON. Only some messages of V8 name a position, but all of
 * them distinguish "ends too early" from "wrong". So this searches the longest prefix that merely ends too early.
 */
function errorIndex(text: string): number {
  let viable = 0
  let broken = text.length + 1
  while (broken - viable > 1) {
    const middle = (viable + broken) >> 1
    if (couldContinue(text.slice(0, middle))) viable = middle
    else broken = middle
  }
  return viable
}

function couldContinue(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    const { message } = error as Error
    const position = /at position (\d+)/.exec(message)?.[1]
    return message.includes('Unexpected end') || Number(position) >= text.length
  }
}
