import { definitions, paragraph, sections } from './layout.ts'

/** Variables that queuectl reads, in the order of the help. `in_env_file`: also from `.env` in the working folder. */
export const READ: Readonly<Record<string, { about: string; in_env_file?: true }>> = {
  QUEUECTL_DB: { about: 'the queue: a file or a mongodb:// URL. --db overrides it.', in_env_file: true },
  MONGODB_URI: { about: 'a mongodb:// URL: the queue if neither --db nor QUEUECTL_DB is set.', in_env_file: true },
  QUEUECTL_HOME: {
    about: "data folder, instead of the system's. The default queue is queue.db in it.",
    in_env_file: true,
  },
  QUEUECTL_HOST_ID: { about: 'ID of this host, instead of the machine ID.', in_env_file: true },
  QUEUECTL_PLAIN_SPAWN: {
    about: "any value: start jobs on Linux with Node's spawn, not posix_spawn.",
    in_env_file: true,
  },
  QUEUECTL_DEBUG: { about: 'any value: print the stack of an error.', in_env_file: true },
  NO_COLOR: { about: 'any value: no colour.' },
  NODE_DISABLE_COMPILE_CACHE: { about: 'any value: the npm package caches no compiled code.' },
}

/** Variables that a job receives. */
export const GIVEN: Readonly<Record<string, string>> = {
  QUEUECTL_JOB_ID: 'ID of the job: use it as the idempotency key',
  QUEUECTL_RUN: 'number of this run, from 1, never reset',
  QUEUECTL_ATTEMPT: 'failures so far, plus 1',
  QUEUECTL_LEASE: 'token of this run, which marks the processes of the job',
  QUEUECTL_DB: 'the queue, unless its address has a password',
}

/** `queuectl help environment`. */
export function environment(): string {
  return sections(
    'Environment',
    paragraph('Variables that queuectl reads:'),
    definitions(Object.entries(READ).map(([name, { about }]) => [name, about])),
    paragraph(
      `A file .env in the working folder may set ${listed(Object.keys(READ).filter((name) => READ[name]?.in_env_file))}. ` +
        'The environment overrides it.',
    ),
    paragraph(
      "A job gets the environment of its supervisor without queuectl's variables, the variables of its field env, and:",
    ),
    definitions(Object.entries(GIVEN)),
  )
}

const listed = (names: readonly string[]) => `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
