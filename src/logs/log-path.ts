import path from 'node:path'
import { isToken } from '../domain/ids.ts'
import { asyncFiles } from '../lib/lazy.ts'

/**
 * Log of the run `token`. Named by the token, which we made up, and never by a job's id, which somebody else did. What is no token names
 * a log that nobody writes.
 */
export function logPath(folder: string, token: string): string {
  const name = isToken(token) ? token : 'none'
  return path.join(folder, 'logs', name.slice(0, 1), `${name}.log`)
}

/** Removes the logs of those runs. A run that wrote nothing has none, and one that cannot be removed must not keep its job. */
export async function removeLogs(folder: string, tokens: readonly string[]): Promise<void> {
  const remove = (token: string) => asyncFiles().unlink(logPath(folder, token))
  await Promise.all(tokens.map((token) => remove(token).catch(() => {})))
}
