import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `config` and its subcommands. */
export function define(config: Command, context: Context): void {
  config
    .summary('show and change the settings')
    .description(
      'Shows and changes the settings in the store, which all workers share. A job keeps the retry policy that was set ' +
        'when it was enqueued.',
    )
    .addHelpText('after', '\nExample:\n  $ queuectl config set max-retries 5')
  config
    .command('list')
    .description('show all settings')
    .addHelpText('after', '\nExample:\n  $ queuectl config list')
    .action(async () => (await import('../admin/config.ts')).listSettings(context))
  config
    .command('get')
    .description('show one setting')
    .argument('<key>', 'max-retries and max_retries are the same')
    .addHelpText('after', '\nExample:\n  $ queuectl config get backoff-base')
    .action(async (key: string) => (await import('../admin/config.ts')).getSetting(context, key))
  config
    .command('set')
    .description('change one setting')
    .argument('<key>', 'max-retries and max_retries are the same')
    .argument('<value>', 'a number, a time (90s, 5m), a size (64MiB), or none')
    .addHelpText('after', '\nExample:\n  $ queuectl config set backoff_base 3')
    .action(async (key: string, value: string) => (await import('../admin/config.ts')).setSetting(context, key, value))
  config
    .command('unset')
    .description('reset one setting to its default')
    .argument('<key>', 'max-retries and max_retries are the same')
    .addHelpText('after', '\nExample:\n  $ queuectl config unset timeout')
    .action(async (key: string) => (await import('../admin/config.ts')).unsetSetting(context, key))
}
