import { monotonic, sleep } from '../lib/clock.ts'
import type { EndOptions, Proof, Tree } from './platform.ts'
import type { ProcessEntry, ProcessTable } from './process-table.ts'
import { type Found, findTree, signalFound, type TreeSystem } from './tree.ts'

/** SIGKILL is certain but not instant; a process that is alive after this time will not exit soon. */
const DEATH_MS = 3_000
/** While a process survives SIGKILL, the search for newly forked ones is repeated at this interval. */
const SEARCH_MS = 250
/** The first checks follow each other quickly, since most processes exit at once. */
const LOOKS_MS: readonly number[] = [1, 2, 5, 10]
const LATER_LOOKS_MS = 20

/**
 * Whether any process of the tree is alive. Without `sweep` only its group counts: one system call when it is empty.
 */
export async function treeLives(system: TreeSystem, tree: Tree, sweep: boolean): Promise<boolean> {
  if (!sweep && (tree.pid === null || (system.has_signals && system.send(tree.pid, 0, { group: true }) === 'gone')))
    return false
  const { members, doubt } = await findTree(system, tree, sweep)
  return members.length > 0 || doubt !== null
}

/**
 * Ends a tree: SIGTERM and `patience_ms`, then SIGKILL, and searches again until nothing is found (a killed process may
 * have forked just before). A search reads all processes; between two searches only those found are checked, at almost
 * no cost.
 */
export async function endTree(system: TreeSystem, tree: Tree, options: EndOptions): Promise<Proof> {
  const { patience_ms, sweep, hurry } = options
  const patient_until = monotonic() + patience_ms
  const patient = () => system.has_signals && monotonic() < patient_until && !hurry?.aborted
  let dead_by: number | null = null
  for (;;) {
    const found = await findTree(system, tree, sweep)
    if (found.members.length === 0) return found.doubt === null ? { gone: true } : { gone: false, reason: found.doubt }
    if (patient()) {
      signalFound(system, tree, found, 'SIGTERM')
      await vanish(system.table, found.members, patient, hurry)
    } else {
      const now = monotonic()
      dead_by ??= now + DEATH_MS
      if (now >= dead_by) return { gone: false, reason: reasonOf(system, found) }
      const search_at = Math.min(dead_by, now + SEARCH_MS)
      // First the tree as the system knows it, then one by one the processes that have left it.
      if (found.members.some(({ pid }) => pid === tree.pid)) await system.killDescent?.(tree.pid ?? 0)
      signalFound(system, tree, found, 'SIGKILL')
      await vanish(system.table, found.members, () => monotonic() < search_at)
    }
  }
}

/** Waits until no process of `members` is alive, at most as long as `waiting` returns true. */
async function vanish(
  table: ProcessTable,
  members: readonly ProcessEntry[],
  waiting: () => boolean,
  hurry?: AbortSignal,
): Promise<void> {
  for (let look = 0; members.some((entry) => table.lives(entry)) && waiting(); look++) {
    await sleep(LOOKS_MS[look] ?? LATER_LOOKS_MS, hurry)
  }
}

function reasonOf({ table, send }: TreeSystem, { members }: Found): string {
  const entry = members.find((member) => table.lives(member)) ?? members[0]
  if (entry === undefined) return 'its processes do not exit'
  if (send(entry.pid, 0) === 'refused') return `not allowed to kill process ${entry.pid} (EPERM)`
  const { state } = table.entry(entry.pid) ?? entry
  return `process ${entry.pid} does not exit${state === 'D' ? ': it waits in the kernel (state D)' : ''}`
}
