import { formatDuration } from '../domain/duration.ts'
import { invalid } from '../domain/errors.ts'

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?$/i

/**
 * Epoch milliseconds of an ISO 8601 time; without an offset it is local time, as people mean it. Throws `invalid` naming `what`,
 * for days that do not exist too (Date would make 2 March of 30 February).
 */
export function parseTime(text: string, what: string): number {
  const [, year, month, day] = ISO.exec(text.trim()) ?? []
  // A date alone would be read as UTC, one with a time as local.
  const time = Date.parse(/^\S{10}$/.test(text.trim()) ? `${text.trim()}T00:00` : text.trim())
  if (
    day === undefined ||
    Number.isNaN(time) ||
    new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() !== Number(day)
  ) {
    throw invalid(`${what} "${text}" is not a time`, 'write it as 2026-01-31T18:00:00Z (or without Z for local time)')
  }
  return time
}

/** ISO 8601, UTC, milliseconds; null stays null, and stands for what is no time. */
export function iso(time: number | null): string | null {
  return time === null ? null : written(new Date(time))
}

/** Local date and time to the second, for people. */
export function localTime(time: number): string {
  const date = new Date(time - new Date(time).getTimezoneOffset() * 60_000)
  return written(date)?.slice(0, 19).replace('T', ' ') ?? 'unknown'
}

const written = (date: Date) => (Number.isNaN(date.getTime()) ? null : date.toISOString())

/** `3m 5s ago` or `in 12s`, seen from `now` (both epoch milliseconds). */
export function relative(time: number, now: number): string {
  const seconds = (now - time) / 1000
  if (Math.abs(seconds) < 1) return 'now'
  const span = formatDuration(Math.round(Math.abs(seconds)))
  return seconds > 0 ? `${span} ago` : `in ${span}`
}
