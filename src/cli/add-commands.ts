import type { Command } from 'commander'
import type { Context } from './context.ts'

/** What each file of `commands/` is. */
export interface Declaration {
  /** Gives a command, which has its name already, its help, its options, and an action that loads the command's body and runs it. */
  define(command: Command, context: Context): void | Promise<void>
}

/** Commands by their names, in the order of the help. A declaration is loaded when it is needed. */
export type Declarations = Readonly<Record<string, () => Promise<Declaration>>>

/** Adds the commands of `declarations` to `parent`, the program or a group of commands. */
export async function addCommands(parent: Command, declarations: Declarations, context: Context): Promise<void> {
  for (const [name, load] of Object.entries(declarations)) {
    const { define } = await load()
    await define(parent.command(name), context)
  }
}
