import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { safe } from '../terminal/text.ts'

/** Registers `init`. */
export function registerInit(program: Command, context: Context): void {
  program
    .command('init')
    .summary('make the store ready')
    .description(
      'Makes the store with its tables or collections and indexes, as enqueue and worker start do by themselves. ' +
        'A MongoDB database that holds other programs’ collections is taken only after this command.',
    )
    .addHelpText('after', '\nExample:\n  $ queuectl init --db mongodb://db.example/queue')
    .action(async () => {
      context.init = true
      context.create = true
      const { info } = await context.store()
      const { kind, label, folder, schema_version, engine } = info
      if (context.json) return context.outJson({ store: label, kind, engine, schema_version, folder })
      context.out(safe(`${label} is ready (${engine}, schema version ${schema_version})`))
    })
}
