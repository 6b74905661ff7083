import type { Connection } from '../../src/store/mongo/connection.ts'

/** Lets others overtake `db`: the returned function runs a step before the `nth` call to the server from then on. */
export function overtake(db: Connection): (nth: number, step: () => Promise<unknown>) => void {
  const steps = new Map<number, () => Promise<unknown>>()
  let calls = 0
  const call = db.call.bind(db)
  db.call = async (...args) => {
    calls += 1
    await steps.get(calls)?.()
    return call(...args) as never
  }
  return (nth, step) => void steps.set(calls + nth, step)
}
