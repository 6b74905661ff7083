import { EXIT, QueuectlError } from '../domain/errors.ts'
import { withoutSecrets } from '../domain/store-address.ts'
import { safe, safeJson } from './terminal/text.ts'

/** How a failed command is reported: one line and a hint for people, one JSON object for machines. */
export interface Failure {
  exit_code: number
  code: string
  message: string
  hint: string | null
}

/** What `error` means for the caller, without passwords. An unexpected error is `internal`, exit 70. */
export function failureOf(error: unknown): Failure {
  const { message, hint, ...failure } = meaningOf(error)
  // Hints are our own text and hold no secrets; some show the form of an address, which must stay readable.
  return { ...failure, message: cut(withoutSecrets(message)), hint: hint && cut(hint) }
}

/** `error` for a command that exits with a job's code: 125, which cannot be mistaken for the job's own code. */
export function ownFailure(error: unknown): QueuectlError {
  const { code, message, hint } = failureOf(error)
  return new QueuectlError(code, EXIT.own_failure, message, hint)
}

/** Characters of a message. It may quote input of any length. */
const LONGEST = 1_000

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

function meaningOf(error: unknown): Failure {
  if (error instanceof QueuectlError) {
    return { exit_code: error.exit_code, code: error.code, message: error.message, hint: error.hint }
  }
  if (isUsage(error)) return usageFailure(error.code === 'commander.help' ? 'missing command' : error.message)
  const message = error instanceof Error ? error.message : String(error)
  if (isSystemError(error)) return { exit_code: EXIT.io, code: 'io', message, hint: null }
  return { exit_code: EXIT.internal, code: 'internal', message, hint: 'set QUEUECTL_DEBUG=1 to see where it happened' }
}

/** The text for stderr, without a final newline. */
export function failureText({ code, message, hint }: Failure, json: boolean): string {
  if (json) return safeJson({ error: { code, message, hint } })
  return safe(`queuectl: ${message}`) + (hint === null ? '' : `\n  ${safe(hint)}`)
}

/**
 * The exit code when commander only showed help: on request, or because a command was missing. Null for a real error.
 */
export function helpExitCode(error: unknown): number | null {
  if (!isUsage(error)) return null
  if (error.exitCode === 0) return EXIT.ok
  return error.code === 'commander.help' ? EXIT.usage : null
}

type CommanderError = Error & { code: string; exitCode: number }

function isUsage(error: unknown): error is CommanderError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.')
}

/** Whether the system refused something: a name that is too long, a folder without read permission, … */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

/** Commander writes `error: unknown option '--foo'` and on a second line `(Did you mean --bar?)`. */
function usageFailure(text: string): Failure {
  const [first = '', second] = text.split('\n')
  const hint = second?.replace(/^\(D(.*)\)$/, 'd$1') ?? 'queuectl help lists the commands'
  return { exit_code: EXIT.usage, code: 'usage', message: first.replace(/^error: /, ''), hint }
}
