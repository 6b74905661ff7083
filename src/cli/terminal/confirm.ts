import type { Context } from '../context.ts'

/**
 * Asks for confirmation. True without a question when there is no terminal, or with `yes`. Ctrl-C and Ctrl-D mean no.
 */
export async function confirmed(
  context: Context,
  question: string,
  yes: boolean,
  { input, output }: { input: NodeJS.ReadableStream; output: NodeJS.WritableStream } = {
    input: process.stdin,
    output: process.stdout,
  },
): Promise<boolean> {
  if (yes || !context.interactive) return true
  const { createInterface } = process.getBuiltinModule('node:readline/promises')
  const terminal = createInterface({ input, output, terminal: true })
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error
    // The cursor is still on the line of the question.
    output.write('\n')
    return false
  } finally {
    terminal.close()
  }
}
