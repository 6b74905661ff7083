/** One process, as the system's table shows it. */
export interface ProcessEntry {
  pid: number
  parent: number
  /** Process group and session; 0 where the system does not tell. */
  group: number
  session: number
  /** Start time: equal for the same process only, and a number that orders the processes of one boot. */
  start: string
  /** Zombies are in the table but run nothing and hold nothing. */
  alive: boolean
  /** State letter of ps(1); empty where there is none. */
  state: string
}

/** What environments say: see `holders`. */
export interface Holders {
  holding: Set<number>
  unreadable: Set<number>
}

/** How a system's processes are read. A call that runs a program is asynchronous where it may be made while jobs run. */
export interface ProcessTable {
  /** Null: no such process, or none that may be seen. */
  entry(pid: number): ProcessEntry | null
  /** Null: the table cannot be read, which proves nothing (R4). */
  entries(): Promise<ProcessEntry[] | null>
  /** Start time of a child that was started after `asked_at` (epoch milliseconds). */
  startOf(pid: number, asked_at: number): string | null
  /** A quick look whether that process still lives; may be true for a while longer than it does. */
  lives(entry: ProcessEntry): boolean
  /**
   * Which of `pids` have `text` as an entry of their environment, and of which that cannot be told. Those that are about to begin a
   * program are waited for; a copy of a dead process that has `copied` in its environment, which would yet begin one, counts as one of them.
   */
  holders(pids: readonly number[], text: string, copied?: string): Promise<Holders>
  /** What the environment of a process says; null: there is none, or it may not be read. Absent where no environments are shown. */
  environment?(pid: number): ReadonlyMap<string, string> | null
  /** User id; null: not known. */
  owner(pid: number): number | null
  /** Whether children are found by their parent, because sessions and environments are not (all) shown. */
  readonly by_parent: boolean
  /** Names this boot; empty where start times alone tell boots apart. */
  boot(): string
}
