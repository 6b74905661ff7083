import type { AnyProcess } from '../../src/domain/processes.ts'
import type { JobStore } from '../../src/store/port.ts'

/** Processes from the store's registry: the latest rows, and the supervisors of all workers ever seen. */
export class Registry {
  rows: readonly AnyProcess[] = []
  /** Supervisor ID of each worker, by worker ID. */
  readonly supervisor_of = new Map<string, string>()

  /** Reads the registry again; while the store is away, the last rows stay. */
  async refresh(store: JobStore): Promise<void> {
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
