import type { AnyProcess } from '../../src/domain/processes.ts'
import type { JobStore } from '../../src/store/port.ts'

/** What the store has said of processes: newest rows, and all that were ever seen. */
export class Registry {
  rows: readonly AnyProcess[] = []
  /** Supervisor of each worker, by their ids. */
  readonly supervisor_of = new Map<string, string>()

  /** Looks anew; when the store is away, what it said last stands. */
  async look(store: JobStore): Promise<void> {
    try {
      this.rows = await store.processes()
    } catch {
      return
    }
    for (const row of this.rows) {
      if (row.kind === 'worker') this.supervisor_of.set(row.id, row.supervisor_id)
    }
  }
}
