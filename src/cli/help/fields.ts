import { GIVEN_FIELDS, type GivenName, JOB_FIELDS } from '../../domain/job-fields.ts'
import { SETTINGS } from '../../domain/settings.ts'
import { definitions, paragraph, sections } from './layout.ts'

/** What fields mean where the line of their option says too little. */
const MEANINGS: Readonly<Partial<Record<GivenName, string>>> = {
  id: '1 to 64 of A-Z a-z 0-9 . _ -. The same id with the same content is enqueued once. Omit it to generate one.',
  command: 'the shell command line, at most 64 KiB. Required.',
  queue: 'name of the queue, of the same characters as an id. Default: default.',
  priority: 'a whole number; higher runs first. Default: 0.',
  run_at: 'do not run before this time: 2026-01-31T18:00:00Z, without Z local time.',
  delay: 'wait this long before the first run: seconds, or "90s", "5m", "2h", "7d".',
  cwd: 'folder to run in. Default: where the job was enqueued.',
  env: 'variables of the job, {"NAME": "value"}, at most 32 KiB.',
}

/** What a job shows besides, by groups. */
export const SHOWN: readonly (readonly [string, string])[] = [
  ['state', 'see `queuectl help states`'],
  ['attempts', 'failed runs since the job was enqueued or requeued'],
  ['runs', 'runs started, ever'],
  ['interruptions', 'runs that the death of a worker or host, or --force, ended'],
  ['requeues', 'how often it was requeued'],
  ['next_run_at', 'a pending job does not run before this time'],
  ['created_at, updated_at, started_at, finished_at', 'times, ISO 8601 in UTC'],
  ['processing_by, locked_at, lease_expires_at', 'who runs it, since when, and until when that holds'],
  ['exit_code, signal, reason', 'how its last run ended, and why it is in its state'],
  ['cancel_requested_at', 'when somebody asked to cancel it'],
]

/** `queuectl help fields`. */
export function fields(): string {
  return sections(
    'Job fields',
    paragraph('What `enqueue` takes as JSON. Each but command is an option too (run_at is --run-at).'),
    definitions(GIVEN_FIELDS.map((name) => [name, fieldMeaning(name)])),
    paragraph('What `show --json` and `list --json` print besides:'),
    SHOWN.map(([names, about]) => `  ${names}\n${paragraph(about, 6)}`).join('\n'),
    `  $ queuectl enqueue '{"command": "./nightly.sh", "timeout": "10m"}'`,
  )
}

/** What a field that callers give means, and what it is by default. */
export function fieldMeaning(name: GivenName): string {
  const field = JOB_FIELDS[name]
  if (field.from === 'setting')
    return `${SETTINGS[name as keyof typeof SETTINGS].about}. Default: the setting of that name.`
  return MEANINGS[name] ?? `${field.option?.about}.`
}
