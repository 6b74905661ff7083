import { COMMIT, TARGET, VERSION } from '../build-info.ts'
import type { Context } from '../context.ts'

/** `version`: prints the versions of this program, Node and SQLite. */
export function version(context: Context): void {
  const { node, sqlite = null } = process.versions
  if (context.json) {
    context.outJson({ version: VERSION, commit: COMMIT, target: TARGET, node, sqlite })
    return
  }
  const origin = TARGET === null ? 'from sources' : `${TARGET}, commit ${COMMIT ?? 'unknown'}`
  context.out(`queuectl ${VERSION} (${origin}; Node ${node}, SQLite ${sqlite ?? 'unknown'})`)
}
