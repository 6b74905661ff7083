import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { findCommand } from './find-command.ts'
import { TOPICS } from './topics.ts'

/** `help`: of the program, a command, a subcommand, or about a topic; words behind one of them say nothing more. Throws `usage` (2) for what is none of them. */
export async function help(program: Command, context: Context, words: readonly string[]): Promise<void> {
  const [topic = ''] = words
  if (Object.hasOwn(TOPICS, topic)) {
    const text = (await TOPICS[topic]?.()) ?? ''
    return context.json ? context.outJson({ topic, text }) : context.out(text)
  }
  findCommand(program, words, Object.keys(TOPICS)).outputHelp()
}
