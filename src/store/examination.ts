import type { Diagnosis } from '../domain/finding.ts'

export interface ExamineParams {
  /** Of a store that may be damaged, foreign, of another version, or not there at all. */
  address: string
}

/** A store as it is found: nothing is made, upgraded or changed by looking at it. */
export interface Examination {
  findings: Diagnosis[]
  /** There is no queue yet: no file, an empty one, a database without our mark. */
  absent?: boolean
  /** Whether it can be opened as a store. */
  usable: boolean
  /** Behind it no finding can be mended any more. */
  close(): Promise<void>
}
