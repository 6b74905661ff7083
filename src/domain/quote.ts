/** `a string`, `an array`, … for messages about a value of the wrong kind. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  const type = typeof value
  return type === 'object' ? 'an object' : `a ${type}`
}

/** `value` as a message names it. What a list or an object holds is left out: to write one out that is nested deeply may be impossible. */
export function quoted(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`
  return typeof value === 'object' && value !== null ? kindOf(value) : String(value)
}
