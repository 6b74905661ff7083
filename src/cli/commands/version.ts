import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { COMMIT, VERSION } from '../version.ts'

/** Registers `version`. */
export function registerVersion(program: Command, context: Context): void {
  program
    .command('version')
    .summary('show the version')
    .description('Shows the version of this program and of what it is built on.')
    .addHelpText('after', '\nExample:\n  $ queuectl version --json')
    .action(() => {
      const { node, sqlite = null } = process.versions
      if (context.json) context.outJson({ version: VERSION, commit: COMMIT, node, sqlite })
      else context.out(`queuectl ${VERSION} (${COMMIT ?? 'from sources'}; Node ${node}, SQLite ${sqlite ?? 'unknown'})`)
    })
}
