import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { COMMIT, TARGET, VERSION } from '../version.ts'

/** Registers `version`. */
export function registerVersion(program: Command, context: Context): void {
  program
    .command('version')
    .summary('show the version')
    .description('Shows the version of this program and of what it is built on.')
    .addHelpText('after', '\nExample:\n  $ queuectl version --json')
    .action(() => {
      const { node, sqlite = null } = process.versions
      if (context.json) return context.outJson({ version: VERSION, commit: COMMIT, target: TARGET, node, sqlite })
      const origin = TARGET === null ? 'from sources' : `${TARGET}, commit ${COMMIT ?? 'unknown'}`
      context.out(`queuectl ${VERSION} (${origin}; Node ${node}, SQLite ${sqlite ?? 'unknown'})`)
    })
}
