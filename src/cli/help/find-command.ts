import type { Command } from 'commander'
import { EXIT, QueuectlError } from '../../domain/errors.ts'
import { suggestion } from '../terminal/suggest.ts'

/**
 * The command that `words` lead to, at most as far as the first one that is an option or an argument. Throws `usage` (2) for a word that
 * is no command where one is due, with the nearest one; `topics` are what else may stand there.
 */
export function findCommand(program: Command, words: readonly string[], topics: readonly string[] = []): Command {
  let at = program
  for (const word of words) {
    if (at.commands.length === 0 || word.startsWith('-') || word === 'help') return at
    const next = at.commands.find((command) => command.name() === word)
    if (next === undefined) {
      const others = at === program ? topics : []
      const what = others.length > 0 ? 'command or topic' : 'command'
      const names = [...at.commands.map((command) => command.name()), ...others]
      const hint = suggestion(word, names) ?? 'queuectl help lists the commands'
      throw new QueuectlError('usage', EXIT.usage, `unknown ${what} "${word}"`, hint)
    }
    at = next
  }
  return at
}
