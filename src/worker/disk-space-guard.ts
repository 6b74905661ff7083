import type { SpaceWatch } from '../platform/space.ts'
import type { JobStore } from '../store/port.ts'

/** `store`, which hands out no job while there is too little space: what runs may still write its log and its result. */
export function withSpaceGuard(store: JobStore, space: Pick<SpaceWatch, 'low'>): JobStore {
  return {
    ...store,
    claim: async (params) => (space.low === null ? store.claim(params) : { job: null, next_due_ms: null }),
    settle({ next, ...params }) {
      return store.settle(next !== undefined && space.low === null ? { ...params, next } : params)
    },
  }
}
