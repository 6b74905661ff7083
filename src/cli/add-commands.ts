import type { Command } from 'commander'
import type { Context } from './context.ts'

/** What each file of `commands/` exports. */
export interface Declaration {
  /** Adds help, options and an action to a named command. The action loads the command's body and runs it. */
  define(command: Command, context: Context): void | Promise<void>
}

/** Commands by name, in the order of the help. A declaration is loaded on demand. */
export type Declarations = Readonly<Record<string, () => Promise<Declaration>>>

/** Adds the commands of `declarations` to `parent`: the program or a command group. */
export async function addCommands(parent: Command, declarations: Declarations, context: Context): Promise<void> {
  for (const [name, load] of Object.entries(declarations)) {
    const { define } = await load()
    await define(parent.command(name), context)
  }
}
