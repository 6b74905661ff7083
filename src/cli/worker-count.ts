import { invalid } from '../domain/errors.ts'
import { MOST_WORKERS } from '../domain/process.ts'

/** The number of workers that `text` means, at least `least`. Throws `invalid`; `label` is what the message calls it. */
export function parseWorkerCount(text: string, label: string, least: number): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= least && count <= MOST_WORKERS) return count
  throw invalid(`${label} cannot be "${text}"`, `${label} is a whole number from ${least} to ${MOST_WORKERS}`)
}
