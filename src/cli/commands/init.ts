import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `init`. */
export function define(command: Command, context: Context): void {
  command
    .summary('make the store ready')
    .description(
      'Makes the store with its tables or collections and indexes, as enqueue and worker start do by themselves. ' +
        'A MongoDB database that holds other programs’ collections is taken only after this command.',
    )
    .addHelpText('after', '\nExample:\n  $ queuectl init --db mongodb://db.example/queue')
    .action(async () => {
      const { init } = await import('../admin/init.ts')
      await init(context)
    })
}
