import type { StoreTools } from '../maintenance.ts'

/** Examines the file at `path`. */
export const examine: StoreTools['examine'] = async (_params, path) =>
  (await import('./examine.ts')).examineSqlite({ path })

/** Copies the file at `path`. */
export const backup: StoreTools['backup'] = async (params, path) =>
  (await import('./backup.ts')).backupSqlite({ ...params, path })

/** Replaces the file at `path` by a backup. */
export const restore: StoreTools['restore'] = async (params, path) =>
  (await import('./restore.ts')).restoreSqlite({ ...params, path })
