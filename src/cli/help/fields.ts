import { NAME_RULE } from '../../domain/ids.ts'
import { GIVEN_FIELDS, type GivenName, JOB_FIELDS } from '../../domain/job-fields.ts'
import { SETTINGS } from '../../domain/settings.ts'
import { definitions, paragraph, sections } from './layout.ts'

/** What a field means where the help of its option is too short. */
const MEANINGS: Readonly<Partial<Record<GivenName, string>>> = {
  id: `${NAME_RULE}. A job with the same ID and content is enqueued once. Omit the ID to generate one.`,
  command: 'the shell command line, at most 64 KiB. Required.',
  queue: 'name of the queue, with the same characters as an ID. Default: default.',
  priority: 'a whole number; the highest runs first. Default: 0.',
  run_at: 'do not run before this time: 2026-01-31T18:00:00Z; without Z it is local time.',
  delay: 'wait this long before the first run: seconds, or "90s", "5m", "2h", "7d".',
  cwd: 'folder to run in. Default: the folder where the job was enqueued.',
  env: 'variables for the job, {"NAME": "value"}, at most 32 KiB.',
}

/** Other fields in the JSON of a job, by groups. */
export const SHOWN: readonly (readonly [string, string])[] = [
  ['state', 'see `queuectl help states`'],
  ['attempts', 'failed runs since the job was enqueued or requeued'],
  ['runs', 'all runs since the job was enqueued'],
  ['interruptions', 'runs ended by the death of a worker or host, or by --force'],
  ['requeues', 'how often the job was requeued'],
  ['next_run_at', 'a pending job does not run before this time'],
  ['created_at, updated_at, started_at, finished_at', 'times, ISO 8601 in UTC'],
  [
    'processing_by, locked_at, lease_expires_at',
    'the worker that runs it, the time of the claim, the end of its lease',
  ],
  ['exit_code, signal, reason', 'how its last run ended, and the reason for its state'],
  ['cancel_requested_at', 'when its cancellation was requested'],
]

/** `queuectl help fields`. */
export function fields(): string {
  return sections(
    'Job fields',
    paragraph('Fields that `enqueue` accepts as JSON. Each except command is also an option (run_at is --run-at).'),
    definitions(GIVEN_FIELDS.map((name) => [name, fieldMeaning(name)])),
    paragraph('`show --json` and `list --json` also print:'),
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
