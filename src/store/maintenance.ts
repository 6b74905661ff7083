import type { Diagnosis } from '../domain/diagnosis.ts'
import type { ProcessIdentity } from '../domain/processes.ts'
import type { OnProgress } from './progress.ts'

/** What a backup takes. */
export interface BackupParams {
  /** Of the store. */
  address: string
  /** Where the copy goes. */
  file: string
  /** A file that is there already may be written over. */
  replace: boolean
}

export interface Backup {
  file: string
  bytes: number
  jobs: number
  schema_version: number
}

/** What a restore takes. */
export interface RestoreParams {
  /** Of the store. */
  address: string
  /** A backup. */
  file: string
  /** Somebody said that nothing uses the store any more, which it cannot tell itself. */
  force: boolean
  /** Whether a registered process lives: a restore is refused while one does (R12). */
  liveness: (identity: ProcessIdentity) => 'alive' | 'gone' | 'elsewhere'
}

export interface Restored {
  jobs: number
  /** Jobs that were processing when the backup was made, and are pending again. */
  released: number
  /** Where the store is kept as it was; null: there was none. */
  aside: string | null
}

export interface ExamineParams {
  /** Of a store that may be damaged, foreign, of another version, or not there at all. */
  address: string
  /** Hears of a fix that takes long. */
  on_progress?: OnProgress
}

/** A store as it is found: nothing is made, upgraded or changed by looking at it, but for what a server is tried with. */
export interface Examination {
  findings: Diagnosis[]
  /** There is no queue yet: no file, an empty one, a database without our mark. */
  absent?: boolean
  /** Whether it can be opened as a store. */
  usable: boolean
  /** Behind it no finding can be mended any more. */
  close(): Promise<void>
}

/** What can be done with a store besides opening it; `path`: of its file, empty for one that is no file. They throw what `open.ts` says. */
export interface StoreTools {
  examine(params: ExamineParams, path: string): Promise<Examination>
  backup(params: BackupParams, path: string): Promise<Backup>
  restore(params: RestoreParams, path: string): Promise<Restored>
}
