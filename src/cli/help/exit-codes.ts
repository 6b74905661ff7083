import { EXIT } from '../../domain/errors.ts'
import { definitions, paragraph, sections } from './layout.ts'

/** What each exit code means. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'done',
  unsuccessful: 'a job is dead, a stop had to be forced, or the state of a job did not allow the command',
  usage: 'wrong usage or invalid input',
  not_found: 'not found (a job, a process, the queue itself), or the ID belongs to another job',
  stop_timeout: 'not stopped, cancelled or answered in time',
  unreachable: 'the store cannot be reached',
  internal: 'internal error; set QUEUECTL_DEBUG=1 to see where',
  io: 'input or output failed, or the disk is full',
  try_again: 'busy: the same call may succeed later',
  config: 'unsuitable configuration, schema or runtime',
  timed_out: 'the wait or the job timed out',
  own_failure: 'queuectl itself failed; this is not the exit code of the job',
  cancelled: 'the job was cancelled; worker start: stopped by Ctrl-C',
  poison: 'the job killed its workers',
}

/** `queuectl help exit-codes`. */
export function exitCodes(): string {
  return sections(
    'Exit codes',
    definitions(Object.entries(EXIT).map(([name, code]) => [String(code), EXIT_MEANINGS[name as keyof typeof EXIT]])),
    paragraph(
      '`wait ID`, `enqueue --wait` and `enqueue --follow` exit with the code of the job: its own, 128 + n if signal n ' +
        'ended it, or 124, 125, 130, 137 as above. With several jobs they exit 0 or 1.',
    ),
    paragraph(
      '`worker start` exits 0 after a graceful stop, 130 after Ctrl-C, and 1 if jobs had to be killed. With --drain it ' +
        'exits 1 if a job died, 124 if its --timeout ran out, and 75 if something else stopped it first.',
    ),
    paragraph('A failed command with --json prints {"error": {"code", "message", "hint"}} on stderr.'),
  )
}
