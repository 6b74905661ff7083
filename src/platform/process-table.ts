/** One process, as the system's process table shows it. */
export interface ProcessEntry {
  pid: number
  parent: number
  /** Process group and session; 0 where the system does not show them. */
  group: number
  session: number
  /** Start time: equal for the same process only; as a number it orders the processes of one boot. */
  start: string
  /** Zombies are in the table, but run nothing and hold nothing. */
  alive: boolean
  /** State letter of ps(1); empty where unavailable. */
  state: string
}

/** Result of reading environments: see `holders`. */
export interface Holders {
  holding: Set<number>
  unreadable: Set<number>
}

/** How a system's processes are read. A call that runs a program is asynchronous if it may happen while jobs run. */
export interface ProcessTable {
  /** Null: no such process, or none that we may see. */
  entry(pid: number): ProcessEntry | null
  /** Null: the table cannot be read, which proves nothing (R4). */
  entries(): Promise<ProcessEntry[] | null>
  /** Start time of a child that was started after `asked_at` (epoch milliseconds). */
  startOf(pid: number, asked_at: number): string | null
  /** A quick check whether that process is alive; may stay true for a while after its exit. */
  lives(entry: ProcessEntry): boolean
  /**
   * Which of `pids` have `text` as an entry of their environment, and which environments cannot be read. Waits for
   * processes that are about to execute a program. A copy of a dead process that has `copied` in its environment, and
   * may still execute one, counts as one of these.
   */
  holders(pids: readonly number[], text: string, copied?: string): Promise<Holders>
  /**
   * The environment of a process; null: it has none, or we may not read it. Absent where the system shows no
   * environments.
   */
  environment?(pid: number): ReadonlyMap<string, string> | null
  /** User ID; null: unknown. */
  owner(pid: number): number | null
  /** Whether children are found by their parent, because the system does not show (all) sessions and environments. */
  readonly by_parent: boolean
  /** Names this boot; empty where start times alone distinguish boots. */
  boot(): string
}
