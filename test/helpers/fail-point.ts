import type mongoose from 'mongoose'

/** The commands to fail, and how: `errorCode`, `blockConnection` … */
interface Failure {
  failCommands?: readonly string[]
  [option: string]: unknown
}

/**
 * Makes the server fail commands: `mode` is `alwaysOn`, `{ times: N }`, or `off` to end it. Rejects if the server has no
 * test commands.
 */
export function failPoint(connection: mongoose.Connection, mode: unknown, data: Failure = {}): Promise<unknown> {
  return connection.getClient().db('admin').command({ configureFailPoint: 'failCommand', mode, data })
}
