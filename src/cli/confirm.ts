import type { Context } from './context.ts'

/** Asks a person to confirm; true without asking where nobody sits at a terminal, and with `yes`. */
export async function confirmed(context: Context, question: string, yes: boolean): Promise<boolean> {
  if (yes || !context.interactive) return true
  const { createInterface } = process.getBuiltinModule('node:readline/promises')
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())
  } finally {
    terminal.close()
  }
}
