import type { Diagnosis } from '../domain/diagnosis.ts'
import type { ProcessIdentity } from '../domain/processes.ts'
import type { OnProgress } from './progress.ts'

/** Parameters of a backup. */
export interface BackupParams {
  /** Address of the store. */
  address: string
  /** Path of the copy. */
  file: string
  /** Whether an existing file may be overwritten. */
  replace: boolean
}

export interface Backup {
  file: string
  bytes: number
  jobs: number
  schema_version: number
}

/** Parameters of a restore. */
export interface RestoreParams {
  /** Address of the store. */
  address: string
  /** Path of a backup. */
  file: string
  /** The user confirmed that nothing uses the store any more, which it cannot detect itself. */
  force: boolean
  /** Whether a registered process is alive: a restore is refused while one is (R12). */
  liveness: (identity: ProcessIdentity) => 'alive' | 'gone' | 'elsewhere'
}

export interface Restored {
  jobs: number
  /** Jobs that were processing at the time of the backup, and are pending again. */
  released: number
  /** Path at which the old store is kept; null: none existed. */
  aside: string | null
}

export interface ExamineParams {
  /** Address of a store that may be damaged, foreign, of another version, or missing. */
  address: string
  /** Called while a fix takes long. */
  on_progress?: OnProgress
}

/**
 * The result of examining a store. Examining creates, upgrades and changes nothing, except for the write test on a
 * server.
 */
export interface Examination {
  findings: Diagnosis[]
  /** No queue exists yet: no file, an empty one, or a database without our mark. */
  absent?: boolean
  /** Whether it can be opened as a store. */
  usable: boolean
  /** After this call findings can no longer be fixed. */
  close(): Promise<void>
}

/**
 * What can be done with a store besides opening it; `path`: of its file, empty for a store that is not a file. They
 * throw what `open.ts` documents.
 */
export interface StoreTools {
  examine(params: ExamineParams, path: string): Promise<Examination>
  backup(params: BackupParams, path: string): Promise<Backup>
  restore(params: RestoreParams, path: string): Promise<Restored>
}
