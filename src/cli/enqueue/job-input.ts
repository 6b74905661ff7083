import { invalid, kindOf, quoted } from '../../domain/errors.ts'
import { isJobId, NAME_RULE } from '../../domain/ids.ts'
import {
  type CallerKind,
  GIVEN_FIELDS,
  type GivenName,
  JOB_FIELDS,
  type JobField,
  type JobRequest,
  type Kind,
  type PolicyName,
  STORED_FIELDS,
} from '../../domain/job-fields.ts'
import { checkSetting, parseSetting, SETTINGS } from '../../domain/settings.ts'
import { parseDuration } from '../../domain/units.ts'
import { suggestion } from '../terminal/suggest.ts'
import { parseTime } from '../terminal/time.ts'

/** Reads a value that is not null. Throws `invalid` naming `key`. */
type Reader = (value: unknown, key: string, limits: Limits) => unknown
type FieldReader = (value: unknown, key: string) => unknown
type Limits = Pick<Extract<JobField, { from: 'caller' }>, 'min' | 'max' | 'bytes'>

/** How a JSON value of each kind is read. `readSetting` reads the fields of the retry policy. */
const KINDS: Readonly<Partial<Record<Kind, Reader>> & Record<CallerKind, Reader>> = {
  name: readName,
  command: readCommand,
  text: readText,
  folder: readFolder,
  whole: readWhole,
  time: (value, key) => parseTime(string(value, key), key),
  duration: readDuration,
  variables: readVariables,
}

/** Other fields in the JSON of a new job. They are ignored, but must have the value of a job that never ran. */
const UNTOUCHED: Readonly<Record<string, FieldReader>> = {
  ...Object.fromEntries(
    STORED_FIELDS.flatMap((name) => {
      const field = JOB_FIELDS[name]
      if (field.from !== 'store' || field.kind === 'token') return []
      return [[name, field.fresh === 'now' ? timeOrNull : exactly(field.fresh)]]
    }),
  ),
  // Printed in addition to the fields.
  view: exactly('ready', 'scheduled'),
  existing: exactly(false, true),
  history: empty,
  last_output: empty,
  last_log: exactly(null),
}

const READERS = new Map<string, FieldReader>([
  ...Object.entries(UNTOUCHED),
  ...GIVEN_FIELDS.map((name) => [name, readerOf(name)] as const),
])

/** What stands for a field that is left out. */
const DEFAULTS = Object.fromEntries(
  GIVEN_FIELDS.flatMap((name) => {
    const field = JOB_FIELDS[name]
    return field.from === 'caller' && field.default !== undefined ? [[name, field.default]] : []
  }),
)

/**
 * Reads one job from JSON. Throws `invalid` naming the key for an unknown key, a wrong type or a value out of range.
 * The complete JSON of a job, as printed by `show --json`, is accepted if the job has not run yet.
 */
export function readJob(input: Readonly<Record<string, unknown>>): JobRequest {
  const given = readFields(input)
  if (given.command === undefined) throw invalid('missing field "command"', 'a job is {"command": "echo hello"}')
  if (given.run_at != null && given.delay !== undefined)
    throw invalid('run_at and delay exclude each other', 'omit one of them')
  given.run_at ??= given.next_run_at ?? null
  const request: Record<string, unknown> = { ...DEFAULTS }
  for (const name of GIVEN_FIELDS) if (given[name] !== undefined) request[name] = given[name]
  return request as unknown as JobRequest
}

function readFields(input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const [written, value] of Object.entries(input)) {
    const key = written.replaceAll('-', '_')
    const reader = READERS.get(key)
    if (reader === undefined) throw invalid(`unknown key "${written}"`, suggestion(key, GIVEN_FIELDS) ?? known())
    if (Object.hasOwn(fields, key)) throw invalid(`${key} is given twice`, 'omit one of them')
    fields[key] = reader(value, key)
  }
  return fields
}

function readerOf(name: GivenName): FieldReader {
  const field: JobField = JOB_FIELDS[name]
  if (field.from !== 'caller') return (value) => readSetting(name as PolicyName, value)
  const read = KINDS[field.kind as CallerKind]
  return (value, key) => (value === null && field.nullable ? null : read(value, key, field))
}

const known = () => `the keys are ${GIVEN_FIELDS.join(', ')}`

function string(value: unknown, key: string): string {
  if (typeof value !== 'string') throw invalid(`${key} must be a string, not ${kindOf(value)}`)
  if (value.includes('\0')) throw invalid(`${key} contains a NUL byte`)
  if (!value.isWellFormed()) throw invalid(`${key} is not valid Unicode`)
  return value
}

function readName(value: unknown, key: string): string {
  const name = string(value, key)
  if (!isJobId(name)) throw invalid(`invalid ${key} "${name}"`, `${key} is ${NAME_RULE}`)
  return name
}

function readCommand(value: unknown, key: string, limits: Limits): string {
  const command = string(value, key)
  if (command.trim() === '') throw invalid(`${key} is empty`)
  checkSize(Buffer.byteLength(command), key, limits, 'put the command into a script file')
  return command
}

function readText(value: unknown, key: string, limits: Limits): string {
  const text = string(value, key)
  checkSize(Buffer.byteLength(text), key, limits, 'shorten it')
  return text
}

function readWhole(value: unknown, key: string, { min = 0, max = Number.MAX_SAFE_INTEGER }: Limits): number {
  if (!Number.isInteger(value) || (value as number) < min || (value as number) > max)
    throw invalid(`${key} cannot be ${quoted(value)}`, `${key} is a whole number from ${min} to ${max}`)
  return value as number
}

function readDuration(value: unknown, key: string, { min = 0, max = Number.MAX_SAFE_INTEGER }: Limits): number {
  const seconds = typeof value === 'string' ? parseDuration(value, key) : value
  if (typeof seconds !== 'number' || !(seconds >= min && seconds <= max)) {
    throw invalid(`${key} cannot be ${quoted(value)}`, `${key} is seconds from ${min} to ${max}, or 90s, 5m, 2h, 7d`)
  }
  return seconds
}

/** Durations may be written as in the settings (`"5m"`); numbers must be numbers. */
function readSetting(name: PolicyName, value: unknown): unknown {
  if (typeof value === 'string' && SETTINGS[name].kind === 'duration') return parseSetting(name, value)
  checkSetting(name, value)
  return value
}

function readFolder(value: unknown, key: string): string {
  const folder = string(value, key)
  if (folder === '') throw invalid(`${key} is empty`)
  return folder
}

function readVariables(value: unknown, key: string, limits: Limits): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`${key} must be an object, not ${kindOf(value)}`, 'write {"NAME": "value"}')
  }
  const entries = Object.entries(value).map(([name, text]): [string, string] => {
    // A later assignment to __proto__ would be lost silently.
    if (!/^[^=\0]+$/.test(name) || name === '__proto__') throw invalid(`${key} cannot have a variable named "${name}"`)
    return [name, string(text, `${key}.${name}`)]
  })
  const size = entries.reduce((sum, [name, text]) => sum + Buffer.byteLength(name) + Buffer.byteLength(text) + 2, 0)
  checkSize(size, key, limits, 'put the values into a file')
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function checkSize(size: number, key: string, { bytes }: Limits, hint: string): void {
  if (bytes !== undefined && size > bytes) throw invalid(`${key} has ${size} bytes; the limit is ${bytes}`, hint)
}

function timeOrNull(value: unknown, key: string): number | null {
  return value === null ? null : parseTime(string(value, key), key)
}

function empty(value: unknown, key: string): unknown {
  if (!Array.isArray(value) || value.length > 0) throw invalid(`${key} must be [] for a new job`, `omit ${key}`)
  return value
}

function exactly(...allowed: unknown[]): FieldReader {
  return (value, key) => {
    if (!allowed.includes(value)) {
      const wanted = allowed.map(quoted).join(' or ')
      throw invalid(`${key} must be ${wanted} for a new job, not ${quoted(value)}`, `omit ${key}`)
    }
    return value
  }
}
