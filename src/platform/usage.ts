import { withSystemPrograms } from './run-program.ts'

/**
 * CPU (percent of one core) and memory (bytes) by pid. pidusage keeps a descriptor open for each pid for a minute, so
 * it measures long-lived processes only, all in one call, and its own cache is not touched. These figures are optional:
 * a failure returns none.
 */
export async function usage(pids: readonly number[]): Promise<Map<number, { cpu: number; rss: number }>> {
  const figures = new Map<number, { cpu: number; rss: number }>()
  if (pids.length === 0) return figures
  try {
    const { default: pidusage } = await import('pidusage')
    // pidusage calls getconf, ps, wmic or PowerShell by their bare names.
    const measured = await quietly(() => withSystemPrograms(() => pidusage([...pids])))
    for (const [pid, stat] of Object.entries(measured)) {
      if (stat) figures.set(Number(pid), { cpu: stat.cpu, rss: stat.memory })
    }
  } catch {
    // A pid has just exited, or ps is missing: no figures this time.
  }
  return figures
}

/** Without getconf pidusage uses default values, and would print a stack trace about that. */
async function quietly<T>(measure: () => Promise<T>): Promise<T> {
  const { PIDUSAGE_SILENT } = process.env
  process.env.PIDUSAGE_SILENT = '1'
  try {
    return await measure()
  } finally {
    if (PIDUSAGE_SILENT === undefined) delete process.env.PIDUSAGE_SILENT
  }
}
