import { Argument, type Command } from 'commander'
import type { Context } from '../context.ts'

/** `completion`. */
export function define(command: Command, context: Context): void {
  command
    .summary('print a shell completion script')
    .description('Prints a script that makes your shell complete commands and options.')
    .addArgument(new Argument('<shell>', 'your shell').choices(['bash', 'zsh', 'fish', 'powershell']))
    .addHelpText(
      'after',
      `
Examples:
  $ queuectl completion bash > ~/.local/share/bash-completion/completions/queuectl
  $ queuectl completion zsh > ~/.zfunc/_queuectl     # a folder in fpath before compinit
  $ queuectl completion fish > ~/.config/fish/completions/queuectl.fish
  $ queuectl completion powershell >> $PROFILE`,
    )
    .action(async (shell: string) => {
      const { completion } = await import('../admin/completion.ts')
      await completion(context, shell)
    })
}
