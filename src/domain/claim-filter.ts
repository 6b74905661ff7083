/** Which jobs may be claimed, by their queue. A queue in both lists is excluded. */
export interface ClaimFilter {
  /** null: all queues. */
  readonly only: readonly string[] | null
  readonly except: readonly string[]
}

/** Claims from all queues. */
export const ALL_QUEUES: ClaimFilter = { only: null, except: [] }

/** The filter for only the queues `only` (null: all), without the queues `except`. */
export function claimFilter(only: readonly string[] | null, except: readonly string[] = []): ClaimFilter {
  return { only, except }
}

/** Whether jobs of `queue` may be claimed. */
export function admits({ only, except }: ClaimFilter, queue: string): boolean {
  return (only === null || only.includes(queue)) && !except.includes(queue)
}

/** The queues that may be claimed from, if the filter names them; null: all, or all but `except`. */
export function namedQueues({ only, except }: ClaimFilter): readonly string[] | null {
  if (only === null || except.length === 0) return only
  return only.filter((queue) => !except.includes(queue))
}

/** Whether jobs of every queue may be claimed. */
export function admitsAll({ only, except }: ClaimFilter): boolean {
  return only === null && except.length === 0
}
