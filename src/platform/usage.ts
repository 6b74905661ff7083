/**
 * CPU (percent of one core) and memory (bytes) by pid. pidusage keeps a descriptor open for each pid it saw for a minute, so it
 * is asked for long-lived processes only, all in one call, and its own cache is left alone. Figures are a nicety:
 * a failure gives none.
 */
export async function usage(pids: readonly number[]): Promise<Map<number, { cpu: number; rss: number }>> {
  const figures = new Map<number, { cpu: number; rss: number }>()
  if (pids.length === 0) return figures
  try {
    const { default: pidusage } = await import('pidusage')
    for (const [pid, stat] of Object.entries(await pidusage([...pids]))) {
      if (stat) figures.set(Number(pid), { cpu: stat.cpu, rss: stat.memory })
    }
  } catch {
    // A pid that has just ended, a ps that is not there: no figures this time.
  }
  return figures
}
