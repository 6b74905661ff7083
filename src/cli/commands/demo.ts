import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `demo`. */
export function define(command: Command, context: Context): void {
  command
    .summary('show a queue at work')
    .description(
      'Shows jobs, workers, a retry and the dead letter queue in about ten seconds. Uses a queue in a temporary folder ' +
        'and removes it. Exits 1 when a step fails.',
    )
    .addHelpText('after', '\nExample:\n  $ queuectl demo')
    .action(async () => {
      const { demo } = await import('../demo/demo.ts')
      await demo(context)
    })
}
