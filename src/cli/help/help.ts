import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { findCommand } from './find-command.ts'
import { TOPICS } from './topics.ts'

/**
 * `help`: for the program, a command, a subcommand or a topic. Further words after a topic are ignored. Throws `usage` (2) for any
 * other word.
 */
export async function help(program: Command, context: Context, words: readonly string[]): Promise<void> {
  const [topic = ''] = words
  if (Object.hasOwn(TOPICS, topic)) {
    const text = (await TOPICS[topic]?.()) ?? ''
    return context.json ? context.outJson({ topic, text }) : context.out(text)
  }
  findCommand(program, words, Object.keys(TOPICS)).outputHelp()
}
