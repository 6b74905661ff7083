import { join } from 'node:path'
import type { OpenParams } from '../open.ts'
import type { JobStore } from '../port.ts'
import { changing } from './changes.ts'
import { claiming } from './claim.ts'
import { Connection } from './connection.ts'
import { configuring, controlling } from './controls.ts'
import { historyReads } from './history.ts'
import { inserting } from './insert.ts'
import { leasing } from './leases.ts'
import { listing } from './list.ts'
import { type Mark, migrate } from './migrate.ts'
import { keeping } from './outputs.ts'
import { reading } from './reads.ts'
import { registering } from './registry.ts'
import { HISTORY, settling } from './settle.ts'
import { parseUrl } from './url.ts'
import { watchChanges } from './watch.ts'

/**
 * Opens the store in the database at a MongoDB URL. At first use it creates the collections and the mark. Throws what
 * `openStore` throws.
 */
export async function open(params: OpenParams): Promise<JobStore> {
  const { data_folder } = params
  if (data_folder === undefined) throw new TypeError('a MongoDB store needs a data_folder')
  const db = await Connection.open(parseUrl(params.address), params.role)
  try {
    return storeOn(db, await migrate(db, params), data_folder)
  } catch (error) {
    await db.close()
    throw error
  }
}

/**
 * The store on an open connection to a database with `mark`. `dataFolder`: contains the folder of its logs on this
 * host.
 */
export function storeOn(db: Connection, mark: Mark, dataFolder: string): JobStore {
  const watches = new Set<{ close(): void }>()
  const claims = claiming(db)
  const folder = join(dataFolder, mark.store_id)
  return {
    info: {
      kind: 'mongodb',
      label: db.address.label,
      folder,
      paths: [folder],
      shared: true,
      runs_kept: HISTORY,
      schema_version: mark.version,
      engine: `MongoDB ${db.version}`,
    },
    now: () => db.now(),
    ...inserting(db),
    ...reading(db),
    ...listing(db),
    ...historyReads(db),
    claim: claims.claim,
    ...settling(db, claims),
    ...leasing(db),
    ...changing(db),
    ...keeping(db),
    ...registering(db),
    ...controlling(db),
    ...configuring(db),
    watch({ on_change }) {
      const watch = watchChanges(db, on_change)
      watches.add(watch)
      return watch
    },
    // Nothing to do: each write already waits for the journals of a majority.
    syncEveryCommit() {},
    async close() {
      for (const watch of watches) watch.close()
      await db.close()
    },
  }
}
