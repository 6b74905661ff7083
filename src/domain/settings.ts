import { invalid, quoted } from './errors.ts'
import { SHELLS } from './job.ts'
import { parseDuration } from './units.ts'

type Kind = 'whole' | 'number' | 'duration' | 'bytes' | 'choice'

interface Setting {
  kind: Kind
  default: string | number | null
  min?: number
  max?: number
  choices?: readonly string[]
  /** Whether `none` turns it off. */
  optional?: boolean
  /**
   * What a new value applies to: `live`: all running processes, within a minute; `new workers`: workers started later,
   * and their supervisors; `new jobs`: jobs enqueued later, since a job keeps its policy.
   */
  reaches: 'live' | 'new workers' | 'new jobs'
  about: string
}

const DAY = 86_400

/**
 * All settings. They are kept in the store, so that every worker sees the same. A new one takes one entry here, and its
 * reader. Durations are in seconds, sizes in bytes.
 */
const TABLE = {
  max_retries: {
    kind: 'whole',
    default: 3,
    min: 0,
    max: 100,
    reaches: 'new jobs',
    about: 'number of retries after failed runs',
  },
  max_interruptions: {
    kind: 'whole',
    default: 3,
    min: 1,
    max: 100,
    reaches: 'new jobs',
    about: 'worker deaths after which a job is dead (poison)',
  },
  backoff_base: {
    kind: 'number',
    default: 2,
    min: 0,
    max: 1000,
    reaches: 'new jobs',
    about: 'a retry waits base ^ attempts seconds',
  },
  backoff_max: {
    kind: 'duration',
    default: DAY,
    min: 0,
    max: 365 * DAY,
    reaches: 'new jobs',
    about: 'longest wait before a retry',
  },
  timeout: {
    kind: 'duration',
    default: null,
    min: 0.001,
    max: 365 * DAY,
    optional: true,
    reaches: 'new jobs',
    about: 'longest time a run may take',
  },
  shell: {
    kind: 'choice',
    default: 'default',
    choices: SHELLS,
    reaches: 'new jobs',
    about: 'shell that runs commands; cmd and powershell on Windows only',
  },
  concurrency: {
    kind: 'whole',
    default: 1,
    min: 1,
    max: 256,
    reaches: 'new workers',
    about: 'jobs that one worker runs at a time',
  },
  grace: {
    kind: 'duration',
    default: 20,
    min: 0,
    max: DAY,
    reaches: 'new workers',
    about: 'time that running jobs get to finish when workers stop',
  },
  lease: {
    kind: 'duration',
    default: 30,
    min: 20,
    max: DAY,
    reaches: 'new workers',
    about: 'MongoDB: time without contact after which a host’s jobs run elsewhere',
  },
  log_limit: {
    kind: 'bytes',
    default: 64 * 1024 ** 2,
    min: 4096,
    max: 1024 ** 4,
    reaches: 'live',
    about: 'most output kept of each run',
  },
  log_tail: {
    kind: 'bytes',
    default: 64 * 1024,
    min: 0,
    max: 1024 ** 2,
    reaches: 'live',
    about: 'MongoDB: size of the end of the output that other hosts can read; 0: none',
  },
  min_free: {
    kind: 'bytes',
    default: 32 * 1024 ** 2,
    min: 0,
    max: 1024 ** 4,
    reaches: 'live',
    about: 'no job starts with less free disk space; 0: no limit',
  },
  retention: {
    kind: 'duration',
    default: 7 * DAY,
    min: 0,
    max: 3650 * DAY,
    optional: true,
    reaches: 'live',
    about: 'how long completed and cancelled jobs are kept',
  },
  durability: {
    kind: 'choice',
    default: 'normal',
    choices: ['normal', 'full'],
    reaches: 'new workers',
    about: 'full: sync the disk at each result',
  },
} as const satisfies Readonly<Record<string, Setting>>

type Table = typeof TABLE
export type SettingKey = keyof Table

type ValueOf<One> = One extends { choices: readonly (infer Choice)[] }
  ? Choice
  : number | (One extends { optional: true } ? null : never)

/** The value of each setting. */
export type Settings = { -readonly [Key in SettingKey]: ValueOf<Table[Key]> }

type LiveKey = { [Key in SettingKey]: Table[Key]['reaches'] extends 'live' ? Key : never }[SettingKey]

/**
 * The settings that running processes follow: one object, updated in place. Components receive it, and read it when
 * they need a value.
 */
export type LiveSettings = Readonly<Pick<Settings, LiveKey>>

export const SETTINGS: Readonly<Record<SettingKey, Setting>> = TABLE

// Marked as pure, so that bundles for workers, which read no settings, omit it.
export const SETTING_KEYS = /* @__PURE__ */ Object.keys(SETTINGS) as SettingKey[]

/** The key named by `text`, with `-` or `_`; null if unknown. */
export function settingKey(text: string): SettingKey | null {
  const key = text.replaceAll('-', '_')
  return Object.hasOwn(SETTINGS, key) ? (key as SettingKey) : null
}

/** The stored values over the defaults. Invalid values (a hand-edited store) fall back to the default. */
export function effectiveSettings(stored: Readonly<Record<string, unknown>>): Settings {
  const entries = SETTING_KEYS.map((key) => [
    key,
    fits(SETTINGS[key], stored[key]) ? stored[key] : SETTINGS[key].default,
  ])
  return Object.fromEntries(entries) as Settings
}

/** Parses `text` as a value of `key`. Throws `invalid` with the value and what is allowed. */
export function parseSetting(key: SettingKey, text: string): Settings[SettingKey] {
  const setting = SETTINGS[key]
  const trimmed = text.trim()
  if (setting.optional && trimmed === 'none') return null
  const value = read(setting.kind, trimmed, key)
  checkSetting(key, value)
  return value as Settings[SettingKey]
}

/** Throws `invalid` unless `value` is allowed for `key`; `label` is its name in the message. */
export function checkSetting(key: SettingKey, value: unknown, label: string = key): void {
  if (!fits(SETTINGS[key], value))
    throw invalid(`${label} cannot be ${quoted(value)}`, `${label} must be ${allowed(key)}`)
}

/** Whether `value` is allowed for `key`. */
export function fitsSetting(key: SettingKey, value: unknown): boolean {
  return fits(SETTINGS[key], value)
}

/** Describes the values that `key` accepts. */
export function allowed(key: SettingKey): string {
  const s = SETTINGS[key]
  if (s.kind === 'choice') return (s.choices ?? []).join(', ').replace(/, (?!.*,)/, ' or ')
  const noun = { whole: 'a whole number', number: 'a number', duration: 'a time in seconds', bytes: 'a size in bytes' }[
    s.kind
  ]
  return `${noun} from ${s.min} to ${s.max}${s.optional ? ', or none' : ''}`
}

function read(kind: Kind, text: string, key: string): unknown {
  if (kind === 'choice') return text
  if (kind === 'duration') return text.startsWith('-') ? text : parseDuration(text, key)
  if (kind === 'bytes') return parseBytes(text)
  return /^-?\d+(\.\d+)?(e\d+)?$/i.test(text) ? Number(text) : text
}

/** Text that is not a size is returned unchanged, so that the error shows it as written. */
function parseBytes(text: string): number | string {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text) ?? []
  if (number === undefined) return text
  return Math.floor(Number(number) * 1024 ** ['', 'k', 'm', 'g', 't'].indexOf(unit?.toLowerCase() ?? ''))
}

function fits(setting: Setting, value: unknown): boolean {
  if (value === null) return setting.optional === true
  if (setting.kind === 'choice') return typeof value === 'string' && setting.choices?.includes(value) === true
  if (typeof value !== 'number' || !Number.isFinite(value)) return false
  if ((setting.kind === 'whole' || setting.kind === 'bytes') && !Number.isInteger(value)) return false
  return value >= (setting.min ?? 0) && value <= (setting.max ?? Number.MAX_SAFE_INTEGER)
}
