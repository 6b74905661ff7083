import { invalid } from './errors.ts'

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, '': 1, s: 1, m: 60, h: 3600, d: 86_400 }

/**
 * Parses `90`, `90s`, `1.5s`, `500ms`, `5m`, `2h` or `7d` into seconds. Throws `invalid` naming `what` for anything
 * else, including negative numbers.
 */
export function parseDuration(text: string, what: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|[smhd]?)$/.exec(text.trim()) ?? []
  const factor = UNITS[unit ?? '?']
  if (number === undefined || factor === undefined) {
    throw invalid(`${what} "${text}" is not a duration`, 'write seconds (90) or 90s, 5m, 2h, 7d')
  }
  return Number(number) * factor
}

/** `seconds` in a short form for people: `40ms`, `1.4s`, `12s`, `3m 5s`, `2h 10m`, `4d 3h`. */
export function formatDuration(seconds: number): string {
  if (seconds > 0 && seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))}ms`
  if (seconds < 10) return `${Math.round(seconds * 10) / 10}s`
  const s = Math.round(seconds)
  if (s < 60) return `${s}s`
  if (s < 3600) return pair(s, 60, 'm', 's')
  if (s < 86_400) return pair(Math.floor(s / 60), 60, 'h', 'm')
  return pair(Math.floor(s / 3600), 24, 'd', 'h')
}

function pair(value: number, per: number, big: string, small: string): string {
  const rest = value % per
  return `${Math.floor(value / per)}${big}${rest > 0 ? ` ${rest}${small}` : ''}`
}

/** ISO 8601, UTC, milliseconds; null for null and for an invalid time. */
export function iso(time: number | null): string | null {
  return time === null ? null : isoOf(new Date(time))
}

/** `3m 5s ago` or `in 12s`, relative to `now` (both epoch milliseconds). */
export function relative(time: number, now: number): string {
  const seconds = (now - time) / 1000
  if (Math.abs(seconds) < 1) return 'now'
  const span = formatDuration(Math.round(Math.abs(seconds)))
  return seconds > 0 ? `${span} ago` : `in ${span}`
}

/** Bytes in a readable unit: `512 B`, `64.0 MiB`; `n/a` for null. */
export function bytes(size: number | null): string {
  if (size === null) return 'n/a'
  const step = size < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(size) / 10))
  return step === 0 ? `${size} B` : `${(size / 1024 ** step).toFixed(1)} ${['', 'KiB', 'MiB', 'GiB', 'TiB'][step]}`
}

const isoOf = (date: Date) => (Number.isNaN(date.getTime()) ? null : date.toISOString())
