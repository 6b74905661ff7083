/** Exit codes of the program; those of BSD's sysexits where one fits. */
export const EXIT = {
  ok: 0,
  /** A job is dead, or a stop had to be forced. */
  unsuccessful: 1,
  usage: 2,
  /** Not found, or the ID is in use. */
  not_found: 3,
  stop_timeout: 4,
  unreachable: 69,
  internal: 70,
  io: 74,
  try_again: 75,
  config: 78,
  /** `wait`: the wait or the job timed out (as in timeout(1)). */
  timed_out: 124,
  /** `wait`: queuectl's own failure, distinct from the job's codes. */
  own_failure: 125,
  /** `wait`: the job was cancelled, as if by Ctrl-C (128 + SIGINT). */
  cancelled: 130,
  /** `wait`: the job killed its workers (128 + SIGKILL). */
  poison: 137,
} as const

/** An error for the person at the keyboard: one line, a hint with the remedy, and the exit code. */
export class QueuectlError extends Error {
  readonly code: string
  readonly exit_code: number
  readonly hint: string | null

  /** `code` is a stable word for machines (`invalid_input`, `not_found`, …). */
  constructor(code: string, exit_code: number, message: string, hint: string | null = null) {
    super(message)
    this.name = 'QueuectlError'
    this.code = code
    this.exit_code = exit_code
    this.hint = hint
  }
}

/** Wrong use or input: exit 2. */
export const invalid = (message: string, hint: string | null = null) =>
  new QueuectlError('invalid_input', EXIT.usage, message, hint)

/** No such job, process, …: exit 3. */
export const notFound = (message: string, hint: string | null = null) =>
  new QueuectlError('not_found', EXIT.not_found, message, hint)

/** The store does not exist, and this command does not create it: exit 3. `label` names it without a password. */
export const noQueueYet = (label: string) => notFound(`no queue at ${label} yet`, CREATE_QUEUE)

/** The remedy where no queue exists. */
export const CREATE_QUEUE = 'queuectl enqueue creates it; --db names another one'

/** The ID belongs to another job: exit 3. */
export const duplicateId = (id: string) =>
  new QueuectlError(
    'duplicate_id',
    EXIT.not_found,
    `the id "${id}" belongs to another job`,
    `queuectl show ${id}   shows it; omit the ID to generate one`,
  )

/** Configuration, schema or runtime is unsuitable: exit 78. */
export const misconfigured = (message: string, hint: string | null = null) =>
  new QueuectlError('configuration', EXIT.config, message, hint)

/** Input or output failed, or the disk is full: exit 74. */
export const ioError = (message: string, hint: string | null = null) => new QueuectlError('io', EXIT.io, message, hint)

/** Busy now; the same call may succeed later: exit 75. */
export const tryAgain = (message: string, hint: string | null = null) =>
  new QueuectlError('try_again', EXIT.try_again, message, hint)

/** The store cannot be reached: exit 69. */
export const unreachable = (message: string, hint: string | null = null) =>
  new QueuectlError('unreachable', EXIT.unreachable, message, hint)

/** `a string`, `an array`, … for messages about a value of the wrong type. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  const type = typeof value
  return type === 'object' ? 'an object' : `a ${type}`
}

/**
 * `value` as a message shows it. The contents of arrays and objects are omitted: a deeply nested one may be impossible
 * to print.
 */
export function quoted(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`
  return typeof value === 'object' && value !== null ? kindOf(value) : String(value)
}
