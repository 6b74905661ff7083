import type { sendSignal } from './kill.ts'
import type { Tree } from './platform.ts'
import type { ProcessEntry, ProcessTable } from './process-table.ts'

/** What finding and ending a tree needs of the system; a test may replace any part. */
export interface TreeSystem {
  table: ProcessTable
  send: typeof sendSignal
  has_signals: boolean
  /** Where process groups do not exist: ends a process and all of its descendants. */
  killDescent?: ((pid: number) => Promise<void>) | undefined
  /** User ID of this process; -1 where the system has none. */
  uid: number
}

/** The living processes of a tree. */
export interface Found {
  members: ProcessEntry[]
  /** Whether the recorded group belongs to the tree, so that it may be signalled as a whole. */
  group: boolean
  /** Why the tree may have processes that are not among `members` (R4); null: it has none. */
  doubt: string | null
}

/**
 * Finds the processes of a tree: members of its group, and with `sweep` also those of its session and all that carry
 * its token. Pids are reused, so the recorded group and session count only with evidence that they still belong to the
 * run (R4): the leader with its recorded start time, or a member that carries the token. Of a group without its leader,
 * a process counts too that is younger than the leader and belongs to our user. A process that cannot be read is not
 * touched and becomes a doubt.
 */
export async function findTree({ table, uid }: TreeSystem, tree: Tree, sweep: boolean): Promise<Found> {
  const entries = await table.entries()
  if (entries === null) return { members: [], group: false, doubt: 'cannot list the processes of this system' }
  const living = entries.filter(({ alive, pid }) => alive && pid > 1 && pid !== process.pid)
  const leader = entries.find(({ pid }) => pid === tree.pid)
  const reused = leader !== undefined && tree.start !== null && leader.start !== tree.start
  const proved = !reused && (tree.watched === true || (leader !== undefined && tree.start !== null))
  // No process of a run is older than its shell: this saves the sweep most of the reading.
  const young = (entry: ProcessEntry) => tree.start === null || Number(entry.start) >= Number(tree.start)

  const related = new Set(
    tree.pid === null ? [] : living.filter((entry) => isRelated(entry, tree, sweep, table.by_parent)),
  )
  const looked_at = sweep ? living.filter(young) : proved || reused ? [] : [...related]
  const { holding, unreadable } = await table.holders(
    looked_at.map(({ pid }) => pid),
    `QUEUECTL_LEASE=${tree.token}`,
    tree.worker && `QUEUECTL_WORKER=${tree.worker}`,
  )
  const own = proved || (!reused && [...related].some(({ pid }) => holding.has(pid)))
  const orphaned = leader === undefined && tree.start !== null

  const members = new Set(living.filter((entry) => holding.has(entry.pid) || (own && related.has(entry))))
  let doubt: string | null = null
  for (const entry of reused || own ? [] : related) {
    if (members.has(entry)) continue
    const heir = orphaned && young(entry)
    if (heir && table.owner(entry.pid) === uid) members.add(entry)
    else if (unreadable.has(entry.pid)) doubt = `cannot read process ${entry.pid} of its session`
    else if (heir) doubt = `process ${entry.pid} of its session belongs to another user`
  }
  if (table.by_parent) addChildren(members, living.filter(young))
  return { members: [...members], group: doubt === null && !reused && [...related].every((e) => members.has(e)), doubt }
}

/** Signals the processes found. Returns nothing: another search shows whether it worked. */
export function signalFound(
  { table, send }: TreeSystem,
  tree: Tree,
  found: Found,
  signal: 'SIGTERM' | 'SIGKILL',
): void {
  const in_group = found.members.filter((entry) => found.group && entry.group === tree.pid)
  const alone = found.members.filter((entry) => !in_group.includes(entry) && table.lives(entry))
  // A stopped process receives SIGTERM only when it is continued.
  for (const name of signal === 'SIGTERM' ? (['SIGTERM', 'SIGCONT'] as const) : ([signal] as const)) {
    // The group in one call, so that no member can escape by a fork.
    if (tree.pid !== null && in_group.length > 0) send(tree.pid, name, { group: true })
    for (const { pid } of alone) send(pid, name)
  }
}

function isRelated(
  { pid, parent, group, session }: ProcessEntry,
  tree: Tree,
  sweep: boolean,
  by_parent: boolean,
): boolean {
  if (pid === tree.pid || group === tree.pid || (sweep && session === tree.pid)) return true
  return by_parent && parent === tree.pid
}

function addChildren(members: Set<ProcessEntry>, living: readonly ProcessEntry[]): void {
  const pids = new Set([...members].map(({ pid }) => pid))
  for (let size = -1; size < members.size; ) {
    size = members.size
    for (const entry of living) {
      if (!pids.has(entry.parent) || pids.has(entry.pid)) continue
      pids.add(entry.pid)
      members.add(entry)
    }
  }
}
