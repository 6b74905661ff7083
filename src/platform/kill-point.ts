import { renameSync } from 'node:fs'
import path from 'node:path'
import { sendSignal } from './kill.ts'

// Defined by the build: built programs contain no kill points.
declare const QUEUECTL_TARGET: string | undefined

/** The moments in which a death is hardest to recover from, in the order in which a job reaches them. */
export const KILL_POINTS = [
  /** Jobs are stored; `enqueue` has not reported it yet. */
  'inserted',
  /** A job is claimed; its command is not started. */
  'claimed',
  /** The command is started; no journal entry exists yet. */
  'started',
  /** The command has exited; its outcome is recorded nowhere. */
  'ended',
  /** The outcome is in the journal; the store does not have it yet. */
  'noted',
  /** The store has the outcome; the worker does not know yet. */
  'settled',
  /** A job is fenced off from its dead owner; its processes may still be alive. */
  'fenced',
  /** A job is released; its journal entry still exists. */
  'recovered',
] as const
export type KillPoint = (typeof KILL_POINTS)[number]

/**
 * Kills this process with SIGKILL when a test has requested it, by creating a file with the point's name in the folder
 * named by QUEUECTL_KILL_POINTS. The file is renamed to show which process died, and in which run. The process that
 * renames it is the one that dies, so each request causes one death. Works only when run from source.
 */
export function killPoint(point: KillPoint, token = ''): void {
  if (typeof QUEUECTL_TARGET === 'string') return
  const folder = process.env.QUEUECTL_KILL_POINTS
  if (!folder) return
  try {
    const file = path.join(folder, point)
    renameSync(file, `${file}.${process.pid}.${process.env.QUEUECTL_WORKER ?? ''}.${token}`)
  } catch {
    return
  }
  sendSignal(process.pid, 'SIGKILL')
}
