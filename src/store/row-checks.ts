import { isJobId } from '../domain/ids.ts'
import { type Job, type Run, SHELLS } from '../domain/job.ts'
import { JOB_FIELDS, type Kind, STORED_FIELDS } from '../domain/job-fields.ts'

// What comes out of a store may have been put in by somebody else. Whatever it is, the rest of the program gets values of the types
// that it was promised, so that one row which makes no sense keeps nobody from the others.

/** Values as a database gives them. */
export type Stored = Readonly<Record<string, unknown>>

export type Test = (value: unknown) => boolean

/** Beyond this a Date is none (ECMA-262, 21.4.1.1). */
const LAST_MS = 8.64e15

/** Neither null nor a list. */
export const isObject = (value: unknown): value is Stored =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
/** Text, empty or not. */
export const isText: Test = (value) => typeof value === 'string'
/** A whole number that is exact. */
export const isWhole: Test = Number.isSafeInteger
/** A finite number. */
export const isNumber: Test = Number.isFinite
/** Milliseconds of which a date can be made. */
export const isTime: Test = (value) => isWhole(value) && Math.abs(value as number) <= LAST_MS

/** What passes `test`, or null. */
export const orNull =
  (test: Test): Test =>
  (value) =>
    value === null || test(value)

/** A field of a row. */
export interface Field {
  name: string
  /** What it has to be. */
  fits: Test
  /** What stands in for anything else. */
  otherwise: unknown
  /** What it has to be besides for a job to be run as it was asked for; absent: that does not depend on it. */
  runs?: Test
}

/** Fields of one kind. */
export function fields(names: readonly string[], fits: Test, otherwise: unknown, runs?: Test): Field[] {
  return names.map((name) => (runs ? { name, fits, otherwise, runs } : { name, fits, otherwise }))
}

/** Puts the stand-in in the place of each field that is not what it has to be. Returns the name of the first that keeps a job from running. */
export function mend(value: object, fields: readonly Field[]): string | null {
  const row = value as Record<string, unknown>
  let flaw: string | null = null
  // By index and in one pass: a claim takes 2 µs longer for it; with iterators, and a pass for each question, it took 9.
  for (let i = 0; i < fields.length; i++) {
    const { name, fits, otherwise, runs } = fields[i] as Field
    const sound = fits(row[name])
    if (runs !== undefined && (!sound || !runs(row[name]))) flaw ??= name
    if (!sound) row[name] = otherwise
  }
  return flaw
}

const any: Test = () => true

/** What values of a kind have to be, and what stands in for others. */
const KINDS: Readonly<Record<Kind, Pick<Field, 'fits' | 'otherwise' | 'runs'>>> = {
  name: { fits: isText, otherwise: '', runs: (name) => isJobId(name as string) },
  command: { fits: isText, otherwise: '', runs: isArgument },
  text: { fits: isText, otherwise: '' },
  token: { fits: isText, otherwise: '' },
  folder: { fits: isText, otherwise: '', runs: isArgument },
  whole: { fits: isWhole, otherwise: 0 },
  count: { fits: isWhole, otherwise: 0, runs: isCount },
  number: { fits: isNumber, otherwise: 0 },
  duration: { fits: isNumber, otherwise: 0 },
  limit: { fits: isLimit, otherwise: 0 },
  time: { fits: isTime, otherwise: 0 },
  shell: { fits: isShell, otherwise: 'default' },
  state: { fits: isText, otherwise: '' },
  variables: { fits: isEnv, otherwise: {} },
}

const JOB = STORED_FIELDS.map((name): Field => {
  const { kind, nullable, needed } = JOB_FIELDS[name]
  const { fits, otherwise, runs = any } = KINDS[kind]
  const field = nullable ? { name, fits: orNull(fits), otherwise: null } : { name, fits, otherwise }
  return needed ? { ...field, runs: nullable ? orNull(runs) : runs } : field
})

/** A job out of a store; its own object, which is changed where it makes no sense. */
export function soundJob(stored: Stored): Job {
  mend(stored, JOB)
  return stored as unknown as Job
}

/**
 * As `soundJob`; in words, what keeps it from being run: a stand-in would be something that nobody has asked for, and the system takes a
 * NUL for the end of a command.
 */
export function runnableJob(stored: Stored): Job | string {
  const flaw = mend(stored, JOB)
  return flaw === null ? (stored as unknown as Job) : `its stored ${flaw} is damaged`
}

const RUN = [
  ...fields(['number'], isWhole, 0),
  ...fields(['token', 'worker', 'host', 'outcome'], isText, ''),
  ...fields(['started_at', 'finished_at'], isTime, 0),
  ...fields(['exit_code'], orNull(isWhole), null),
  ...fields(['signal', 'cause'], orNull(isText), null),
]

/** A run that has ended, out of a store; its own object, which is changed where it makes no sense. */
export function soundRun<T extends Run>(stored: Stored): T {
  mend(stored, RUN)
  return stored as unknown as T
}

/** What `text` says in JSON; undefined, which is nothing that JSON says, when it is none. */
export function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text))
  } catch {
    return undefined
  }
}

/** One more still is one. */
function isCount(value: unknown): boolean {
  return (value as number) >= 0 && (value as number) < Number.MAX_SAFE_INTEGER
}

function isLimit(value: unknown): boolean {
  return isNumber(value) && (value as number) > 0
}

function isShell(value: unknown): boolean {
  return (SHELLS as readonly unknown[]).includes(value)
}

function isArgument(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && !value.includes('\0')
}

function isEnv(value: unknown): boolean {
  const fits = ([name, text]: [string, unknown]) =>
    /^[^=\0]+$/.test(name) && typeof text === 'string' && !text.includes('\0')
  return isObject(value) && Object.entries(value).every(fits)
}
