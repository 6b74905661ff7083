import path from 'node:path'
import { isToken } from '../domain/ids.ts'
import { asyncFiles } from '../lib/lazy.ts'

/**
 * Log of the run `token`. The name comes from the token, which we generated, never from a job's ID, which is input. A
 * text that is not a token leads to a log that is never written.
 */
export function logPath(folder: string, token: string): string {
  const name = isToken(token) ? token : 'none'
  return path.join(folder, 'logs', name.slice(0, 1), `${name}.log`)
}

/**
 * Removes the logs of these runs. A run without output has none, and a log that cannot be removed must not keep its
 * job.
 */
export async function removeLogs(folder: string, tokens: readonly string[]): Promise<void> {
  const remove = (token: string) => asyncFiles().unlink(logPath(folder, token))
  await Promise.all(tokens.map((token) => remove(token).catch(() => {})))
}
