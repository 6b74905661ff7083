import { definitions, paragraph, sections } from './layout.ts'

/** What queuectl reads, in the order of the help. `in_env_file`: also from `.env` in the working folder. */
export const READ: Readonly<Record<string, { about: string; in_env_file?: true }>> = {
  QUEUECTL_DB: { about: 'the queue: a file, or a mongodb:// URL. --db wins over it.', in_env_file: true },
  MONGODB_URI: { about: 'a mongodb:// URL: the queue where neither of them names one.', in_env_file: true },
  QUEUECTL_HOME: {
    about: "data folder, in place of the system's. The queue is queue.db in it unless named otherwise.",
    in_env_file: true,
  },
  QUEUECTL_HOST_ID: { about: 'id of this host, in place of the machine id.', in_env_file: true },
  QUEUECTL_PLAIN_SPAWN: { about: "any value: Linux starts jobs by Node's spawn, not posix_spawn.", in_env_file: true },
  QUEUECTL_DEBUG: { about: 'any value: an error shows its stack.', in_env_file: true },
  NO_COLOR: { about: 'any value: no colour.' },
  NODE_DISABLE_COMPILE_CACHE: { about: 'any value: the npm package keeps no compiled code.' },
}

/** What a job finds in its environment. */
export const GIVEN: Readonly<Record<string, string>> = {
  QUEUECTL_JOB_ID: 'its id: the key that makes its effects idempotent',
  QUEUECTL_RUN: 'number of this run, from 1, never reset',
  QUEUECTL_ATTEMPT: 'failures so far, plus 1',
  QUEUECTL_LEASE: 'token of this run; it marks the processes of the job',
  QUEUECTL_DB: 'the queue, unless its address has a password',
}

/** `queuectl help environment`. */
export function environment(): string {
  return sections(
    'Environment',
    paragraph('What queuectl reads:'),
    definitions(Object.entries(READ).map(([name, { about }]) => [name, about])),
    paragraph(
      `A file .env in the working folder may set ${listed(Object.keys(READ).filter((name) => READ[name]?.in_env_file))}. ` +
        'The environment wins over it.',
    ),
    paragraph("A job sees the environment of its supervisor without queuectl's variables, plus its field env, plus:"),
    definitions(Object.entries(GIVEN)),
  )
}

const listed = (names: readonly string[]) => `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
