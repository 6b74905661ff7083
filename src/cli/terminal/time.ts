import { invalid } from '../../domain/errors.ts'
import { iso } from '../../domain/units.ts'

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?$/i

/**
 * Epoch milliseconds of an ISO 8601 time. Without an offset it is local time, as people mean it. Throws `invalid`
 * naming `what`, also for days that do not exist (Date would read 30 February as 2 March).
 */
export function parseTime(text: string, what: string): number {
  const [, year, month, day] = ISO.exec(text.trim()) ?? []
  // Date.parse reads a date alone as UTC, but a date with a time as local.
  const time = Date.parse(/^\S{10}$/.test(text.trim()) ? `${text.trim()}T00:00` : text.trim())
  if (
    day === undefined ||
    Number.isNaN(time) ||
    new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() !== Number(day)
  ) {
    throw invalid(`${what} "${text}" is not a time`, 'write it as 2026-01-31T18:00:00Z (without Z for local time)')
  }
  return time
}

/** Local date and time with seconds, for people. */
export function localTime(time: number): string {
  const date = new Date(time - new Date(time).getTimezoneOffset() * 60_000)
  return iso(date.getTime())?.slice(0, 19).replace('T', ' ') ?? 'unknown'
}
