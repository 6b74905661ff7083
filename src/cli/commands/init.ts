import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `init`. */
export function define(command: Command, context: Context): void {
  command
    .summary('create the store')
    .description(
      'Creates the store with its tables or collections and indexes; enqueue and worker start do that by themselves. ' +
        'Only a MongoDB database with collections of other programs requires this command.',
    )
    .addHelpText('after', '\nExample:\n  $ queuectl init --db mongodb://db.example/queue')
    .action(async () => {
      const { init } = await import('../admin/init.ts')
      await init(context)
    })
}
