import type { Command } from 'commander'
import { EXIT, QueuectlError } from '../../domain/errors.ts'
import { suggestion } from '../terminal/suggest.ts'

/**
 * The command that `words` name, up to the first option or argument. `topics` are other words allowed in the first
 * place. Throws `usage` (2) for an unknown command; the hint is the nearest one.
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
