import type { StoreTools } from '../maintenance.ts'

/** Looks at the database behind the address. */
export const examine: StoreTools['examine'] = async (params) => (await import('./examine.ts')).examineMongo(params)

/** Points to the server's own tool. */
export const backup: StoreTools['backup'] = async ({ address }) => (await import('./dump.ts')).refuseBackup(address)

/** Points to the server's own tool. */
export const restore: StoreTools['restore'] = async ({ address }) => (await import('./dump.ts')).refuseRestore(address)
