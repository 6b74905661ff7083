import { renameSync } from 'node:fs'
import path from 'node:path'
import { sendSignal } from './kill.ts'

// Put in by the build: what is built has no kill points in it.
declare const QUEUECTL_TARGET: string | undefined

/** The moments in which a death is hardest to recover from, in the order in which a job comes to them. */
export const KILL_POINTS = [
  /** Jobs are stored; `enqueue` has not said so. */
  'inserted',
  /** A job is claimed; its command is not started. */
  'claimed',
  /** The command is started; no entry says so. */
  'started',
  /** The command has ended; its outcome is nowhere. */
  'ended',
  /** The outcome is in the journal; the store does not know it. */
  'noted',
  /** The store has the outcome; the worker does not know that. */
  'settled',
  /** A job is taken from its dead owner; its processes may live. */
  'fenced',
  /** A job is released; its journal entry is there. */
  'recovered',
] as const
export type KillPoint = (typeof KILL_POINTS)[number]

/**
 * Dies of SIGKILL here when a test has asked for it: by a file of the point's name in the folder that QUEUECTL_KILL_POINTS names. The
 * file gets a name that says who died, and in which run; whoever renames it is the one, so that each request is one death. From the
 * sources only.
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
