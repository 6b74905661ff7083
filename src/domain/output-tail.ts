/** What a store that hosts share keeps of a run's output, for those who read it on another host than the log's. */
export interface OutputTail {
  /** Of the run. */
  token: string
  job: string
  run: number
  /** Where the whole log lies. */
  host: string
  path: string
  /** Bytes that the run has written, those included that its log has lost. */
  bytes: number
  /** The last of them. */
  tail: Uint8Array
  /** Nothing comes after them: the run has ended. */
  ended: boolean
}
