import { invalid, QueuectlError } from '../../domain/errors.ts'
import type { Shell } from '../../domain/job.ts'
import type { Context } from '../context.ts'
import { parseJsonObject } from './json-text.ts'

// Jobs as they are typed in a terminal, which has read the line before and may have taken quotes away.

/** The job in a JSON argument. Throws `invalid`, with how JSON is typed on this system. */
export async function parseJsonArgument([argument = '', ...more]: readonly string[]): Promise<Record<string, unknown>> {
  try {
    if (more.length === 0) return parseJsonObject(argument)
  } catch (error) {
    // Its quotes are all there, so that it was typed as it should be.
    if (!(error instanceof QueuectlError) || /^\s*\{\s*"/.test(argument)) throw error
    throw new QueuectlError(error.code, error.exit_code, error.message, await jsonHint())
  }
  if (/^['"]?\{/.test(argument)) throw invalid('the JSON has lost its quotes', await jsonHint())
  throw invalid('a command of several words goes behind --', 'queuectl enqueue -- COMMAND…')
}

/** The command in the words behind `--`: one is a shell line, several are quoted for the shell that will read them. */
export async function commandFromWords(context: Context, words: readonly string[], shell?: string): Promise<string> {
  if (words.length <= 1) return words[0] ?? ''
  const { platform } = await import('../../platform/platform.ts')
  // What is no shell is refused with the job's other fields.
  return platform.commandLine(words, (shell ?? (await context.config()).shell) as Shell)
}

async function jsonHint(): Promise<string> {
  const { platform } = await import('../../platform/platform.ts')
  return platform.json_hint
}
