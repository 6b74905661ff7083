import { invalid, kindOf, quoted } from '../../domain/errors.ts'
import { isJobId, isQueueName } from '../../domain/ids.ts'
import { LIMITS } from '../../domain/job.ts'
import { checkSetting, parseSetting, type Settings } from '../../domain/settings.ts'
import { parseDuration } from '../../domain/units.ts'
import { suggestion } from '../terminal/suggest.ts'
import { parseTime } from '../terminal/time.ts'

/** Settings that a job may carry as its own. */
export const POLICY = ['max_retries', 'max_interruptions', 'backoff_base', 'backoff_max', 'timeout', 'shell'] as const
type Policy = Pick<Settings, (typeof POLICY)[number]>

/** What a caller asked for, checked; what it left open is filled in from the store's settings when the job is made. */
export interface JobRequest {
  id: string | null
  command: string
  queue: string
  priority: number
  /** Epoch milliseconds. */
  run_at: number | null
  /** Seconds. */
  delay: number
  policy: Partial<Policy>
  /** As given: not yet made absolute. */
  cwd: string | null
  env: Record<string, string> | null
}

/**
 * Reads one job as JSON gives it. Throws `invalid` naming the key for an unknown one, a wrong type or a value out of range.
 * A whole job as another program prints it is accepted, as long as nothing has happened to it yet.
 */
export function readJob(input: Readonly<Record<string, unknown>>): JobRequest {
  const given = readFields(input)
  if (given.command === undefined) throw invalid('command is missing', 'a job is {"command": "echo hello"}')
  if (given.run_at != null && given.delay !== undefined) throw invalid('run_at and delay exclude each other')
  return {
    id: given.id ?? null,
    command: given.command,
    queue: given.queue ?? 'default',
    priority: given.priority ?? 0,
    run_at: given.run_at ?? given.next_run_at ?? null,
    delay: given.delay ?? 0,
    policy: Object.fromEntries(POLICY.filter((key) => given[key] !== undefined).map((key) => [key, given[key]])),
    cwd: given.cwd ?? null,
    env: given.env ?? null,
  }
}

interface Fields extends Partial<Policy> {
  id?: string
  command?: string
  queue?: string
  priority?: number
  run_at?: number | null
  next_run_at?: number | null
  delay?: number
  cwd?: string | null
  env?: Record<string, string> | null
}

type Reader = (value: unknown, key: string) => unknown

const READERS: Readonly<Record<string, Reader>> = {
  id: (value, key) => named(value, key, isJobId),
  command: readCommand,
  queue: (value, key) => named(value, key, isQueueName),
  priority: readPriority,
  run_at: orNull((value, key) => parseTime(string(value, key), key)),
  delay: readDelay,
  ...Object.fromEntries(POLICY.map((setting) => [setting, (value: unknown) => readSetting(setting, value)])),
  cwd: orNull(readCwd),
  env: orNull(readEnv),
}

/** The fields of a job that a caller may give. */
export type JobField = Exclude<keyof Fields, 'next_run_at'>
export const JOB_FIELDS = Object.keys(READERS) as JobField[]

/** What a job that nothing has happened to carries besides: read past, but only with the value it must have. */
const UNTOUCHED: Readonly<Record<string, Reader>> = {
  state: exactly('pending'),
  view: exactly('ready', 'scheduled'),
  existing: exactly(false, true),
  created_at: orNull((value, key) => parseTime(string(value, key), key)),
  updated_at: orNull((value, key) => parseTime(string(value, key), key)),
  next_run_at: orNull((value, key) => parseTime(string(value, key), key)),
  ...Object.fromEntries(
    ['attempts', 'runs', 'interruptions', 'worker_deaths', 'requeues'].map((key) => [key, exactly(0)]),
  ),
  ...Object.fromEntries(['history', 'last_output'].map((key) => [key, empty])),
  ...Object.fromEntries(
    ['processing_by', 'locked_at', 'lease_expires_at', 'started_at', 'finished_at', 'exit_code', 'signal', 'reason']
      .concat('cancel_requested_at', 'last_log')
      .map((key) => [key, exactly(null)]),
  ),
}

function readFields(input: Readonly<Record<string, unknown>>): Fields {
  const fields: Record<string, unknown> = {}
  for (const [written, value] of Object.entries(input)) {
    const key = written.replaceAll('-', '_')
    const reader = own(READERS, key) ?? own(UNTOUCHED, key)
    if (reader === undefined)
      throw invalid(`unknown key "${written}"`, suggestion(key, Object.keys(READERS)) ?? known())
    if (Object.hasOwn(fields, key)) throw invalid(`${key} is given twice`)
    fields[key] = reader(value, key)
  }
  return fields
}

const own = (readers: Readonly<Record<string, Reader>>, key: string) =>
  Object.hasOwn(readers, key) ? readers[key] : undefined

const known = () => `a job has ${Object.keys(READERS).join(', ')}`

function string(value: unknown, key: string): string {
  if (typeof value !== 'string') throw invalid(`${key} must be a string, not ${kindOf(value)}`)
  if (value.includes('\0')) throw invalid(`${key} holds a NUL byte`)
  if (!value.isWellFormed()) throw invalid(`${key} is not valid Unicode`)
  return value
}

function named(value: unknown, key: string, accepts: (name: string) => boolean): string {
  const name = string(value, key)
  if (!accepts(name)) throw invalid(`${key} "${name}" is not allowed`, `${key}: 1 to 64 of A-Z a-z 0-9 . _ -`)
  return name
}

function readCommand(value: unknown, key: string): string {
  const command = string(value, key)
  if (command.trim() === '') throw invalid('command is empty')
  const size = Buffer.byteLength(command)
  if (size > LIMITS.command) {
    throw invalid(`command has ${size} bytes; the limit is ${LIMITS.command}`, 'put it into a script file')
  }
  return command
}

function readPriority(value: unknown, key: string): number {
  const fits = Number.isInteger(value) && Math.abs(value as number) < 2 ** 31
  if (!fits)
    throw invalid(`${key} cannot be ${quoted(value)}`, `${key} is a whole number from -2147483647 to 2147483647`)
  return value as number
}

const TEN_YEARS = 3650 * 86_400

function readDelay(value: unknown, key: string): number {
  const seconds = typeof value === 'string' ? parseDuration(value, key) : value
  if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= TEN_YEARS)) {
    throw invalid(`${key} cannot be ${quoted(value)}`, `${key} is seconds from 0 to ${TEN_YEARS}, or 90s, 5m, 2h, 7d`)
  }
  return seconds
}

/** Times may be written as in the settings (`"5m"`); numbers must be numbers. */
function readSetting(key: (typeof POLICY)[number], value: unknown): unknown {
  if (typeof value === 'string' && (key === 'timeout' || key === 'backoff_max')) return parseSetting(key, value)
  checkSetting(key, value)
  return value
}

function readCwd(value: unknown, key: string): string {
  const folder = string(value, key)
  if (folder === '') throw invalid('cwd is empty')
  return folder
}

function readEnv(value: unknown, key: string): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`${key} must be an object, not ${kindOf(value)}`, 'write {"NAME": "value"}')
  }
  const entries = Object.entries(value).map(([name, text]): [string, string] => {
    // An assignment to __proto__ anywhere down the road would vanish without a word.
    if (!/^[^=\0]+$/.test(name) || name === '__proto__') throw invalid(`env cannot have a variable named "${name}"`)
    return [name, string(text, `env.${name}`)]
  })
  const size = entries.reduce((sum, [name, text]) => sum + Buffer.byteLength(name) + Buffer.byteLength(text) + 2, 0)
  if (size > LIMITS.env)
    throw invalid(`env has ${size} bytes; the limit is ${LIMITS.env}`, 'put the values into a file')
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function orNull(reader: Reader): Reader {
  return (value, key) => (value === null ? null : reader(value, key))
}

function empty(value: unknown, key: string): unknown {
  if (!Array.isArray(value) || value.length > 0) throw invalid(`${key} must be [] for a new job`, `leave ${key} out`)
  return value
}

function exactly(...allowed: unknown[]): Reader {
  return (value, key) => {
    if (!allowed.includes(value)) {
      const wanted = allowed.map(quoted).join(' or ')
      throw invalid(`${key} must be ${wanted} for a new job, not ${quoted(value)}`, `leave ${key} out`)
    }
    return value
  }
}
