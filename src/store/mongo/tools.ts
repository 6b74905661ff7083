import type { StoreTools } from '../maintenance.ts'

/** Examines the database at the address. */
export const examine: StoreTools['examine'] = async (params) => (await import('./examine.ts')).examineMongo(params)

/** Refuses, and names MongoDB's own tool. */
export const backup: StoreTools['backup'] = async ({ address }) => (await import('./dump.ts')).refuseBackup(address)

/** Refuses, and names MongoDB's own tool. */
export const restore: StoreTools['restore'] = async ({ address }) => (await import('./dump.ts')).refuseRestore(address)
