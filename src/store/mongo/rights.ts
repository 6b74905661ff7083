import { mongo } from 'mongoose'

const UNAUTHORIZED = 13
/** Atlas says it for everything that concerns accounts. */
const ATLAS = 8000

/** Whether the user may not do what was asked. `error`: as the server gave it. */
export function isLackingRight(error: unknown): boolean {
  if (!(error instanceof mongo.MongoServerError)) return false
  return error.code === UNAUTHORIZED || (error.code === ATLAS && /not (?:allowed|authorized)/i.test(error.message))
}
