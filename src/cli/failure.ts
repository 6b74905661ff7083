import { EXIT, QueuectlError } from '../domain/errors.ts'
import { withoutSecrets } from '../domain/store-address.ts'
import { safe, safeJson } from './terminal/text.ts'

/** A failed command as it is told: to people in one line and a hint, to machines in one JSON object. */
export interface Failure {
  exit_code: number
  code: string
  message: string
  hint: string | null
}

/** What `error` means for the caller, without passwords. Anything that is not ours to expect is `internal`, exit 70. */
export function failureOf(error: unknown): Failure {
  const { message, hint, ...failure } = meaningOf(error)
  // Hints are ours, and show what an address looks like.
  return { ...failure, message: cut(withoutSecrets(message)), hint: hint && cut(hint) }
}

/** What `error` is where a command speaks for a job: 125, which cannot be taken for the job's own code. */
export function ownFailure(error: unknown): QueuectlError {
  const { code, message, hint } = failureOf(error)
  return new QueuectlError(code, EXIT.own_failure, message, hint)
}

/** A message may quote what was given, however long. */
const LONGEST = 1_000

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

function meaningOf(error: unknown): Failure {
  if (error instanceof QueuectlError) {
    return { exit_code: error.exit_code, code: error.code, message: error.message, hint: error.hint }
  }
  if (isUsage(error)) return usageFailure(error.code === 'commander.help' ? 'a command is missing' : error.message)
  const message = error instanceof Error ? error.message : String(error)
  if (isSystemError(error)) return { exit_code: EXIT.io, code: 'io', message, hint: null }
  return { exit_code: EXIT.internal, code: 'internal', message, hint: 'QUEUECTL_DEBUG=1 shows where it happened' }
}

/** The text for stderr, without a newline at its end. */
export function failureText({ code, message, hint }: Failure, json: boolean): string {
  if (json) return safeJson({ error: { code, message, hint } })
  return safe(`queuectl: ${message}`) + (hint === null ? '' : `\n  ${safe(hint)}`)
}

/** Commander's own way out: help was asked for, or shown because a command was missing. Null: it is a real error. */
export function helpExitCode(error: unknown): number | null {
  if (!isUsage(error)) return null
  if (error.exitCode === 0) return EXIT.ok
  return error.code === 'commander.help' ? EXIT.usage : null
}

type CommanderError = Error & { code: string; exitCode: number }

function isUsage(error: unknown): error is CommanderError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.')
}

/** The system refused something: a name that is too long, a folder that may not be read, … */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

/** Commander writes `error: unknown option '--foo'` and on a second line `(Did you mean --bar?)`. */
function usageFailure(text: string): Failure {
  const [first = '', second] = text.split('\n')
  const hint = second?.replace(/^\((.*)\)$/, '$1') ?? 'queuectl help lists the commands'
  return { exit_code: EXIT.usage, code: 'usage', message: first.replace(/^error: /, ''), hint }
}
