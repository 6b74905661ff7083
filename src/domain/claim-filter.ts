/** Which jobs may be claimed, by their queue. What is in both lists may not. */
export interface ClaimFilter {
  /** null: those of all queues. */
  readonly only: readonly string[] | null
  readonly except: readonly string[]
}

/** Claims from all queues. */
export const ALL_QUEUES: ClaimFilter = { only: null, except: [] }

/** The filter for `only` these queues (null: all), `except` those. */
export function claimFilter(only: readonly string[] | null, except: readonly string[] = []): ClaimFilter {
  return { only, except }
}

/** Whether jobs of `queue` may be claimed. */
export function admits({ only, except }: ClaimFilter, queue: string): boolean {
  return (only === null || only.includes(queue)) && !except.includes(queue)
}

/** The queues that may be claimed from, where the filter names them; null: all, or all but `except`. */
export function namedQueues({ only, except }: ClaimFilter): readonly string[] | null {
  if (only === null || except.length === 0) return only
  return only.filter((queue) => !except.includes(queue))
}

/** Whether jobs of every queue may be claimed. */
export function admitsAll({ only, except }: ClaimFilter): boolean {
  return only === null && except.length === 0
}
