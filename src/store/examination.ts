import type { Diagnosis } from '../domain/finding.ts'
import type { OnProgress } from './progress.ts'

export interface ExamineParams {
  /** Of a store that may be damaged, foreign, of another version, or not there at all. */
  address: string
  /** Hears of a fix that takes long. */
  on_progress?: OnProgress
}

/** A store as it is found: nothing is made, upgraded or changed by looking at it, but for what a server is tried with. */
export interface Examination {
  findings: Diagnosis[]
  /** Whether it can be opened as a store. */
  usable: boolean
  /** Behind it no finding can be mended any more. */
  close(): Promise<void>
}
