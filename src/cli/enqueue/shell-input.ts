import { invalid, QueuectlError } from '../../domain/errors.ts'
import type { Shell } from '../../domain/job.ts'
import type { Context } from '../context.ts'
import { parseJsonObject } from './json-text.ts'

// Jobs typed in a terminal. The terminal's shell has parsed the line before and may have removed quotes.

/** The job in a JSON argument. Throws `invalid` with a hint how to type JSON on this system. */
export async function parseJsonArgument([argument = '', ...more]: readonly string[]): Promise<Record<string, unknown>> {
  try {
    if (more.length === 0) return parseJsonObject(argument)
  } catch (error) {
    // Its quotes are intact, so the hint about quoting would not help.
    if (!(error instanceof QueuectlError) || /^\s*\{\s*"/.test(argument)) throw error
    throw new QueuectlError(error.code, error.exit_code, error.message, await jsonHint())
  }
  if (/^['"]?\{/.test(argument)) throw invalid('the shell has removed the quotes of the JSON', await jsonHint())
  throw invalid('a command of several words must follow --', 'queuectl enqueue -- COMMAND…')
}

/** The command in the words after `--`: one word is a shell command line, several are quoted for the job's shell. */
export async function commandFromWords(context: Context, words: readonly string[], shell?: string): Promise<string> {
  if (words.length <= 1) return words[0] ?? ''
  const { platform } = await import('../../platform/platform.ts')
  // An unknown shell is refused later, with the job's other fields.
  return platform.commandLine(words, (shell ?? (await context.config()).shell) as Shell)
}

async function jsonHint(): Promise<string> {
  const { platform } = await import('../../platform/platform.ts')
  return platform.json_hint
}
