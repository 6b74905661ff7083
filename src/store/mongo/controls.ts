import { newToken } from '../../domain/ids.ts'
import type { Control } from '../../domain/processes.ts'
import type { JobStore } from '../port.ts'
import { soundControl } from '../process-checks.ts'
import type { Connection } from './connection.ts'
import { timeOf } from './documents.ts'
import type { ControlDocument } from './models.ts'
import { takeNumbers } from './sequences.ts'

/** Controls: stored requests to supervisors. */
export function controlling(db: Connection): Pick<JobStore, 'ask' | 'takeControls' | 'answer' | 'control'> {
  const { controls } = db.models
  /**
   * Marks what this call takes. Kept until the answer has arrived: a call whose answer was lost may have taken some.
   */
  let take_token = newToken()
  let unanswered = false

  return {
    async ask({ id, supervisor_id, kind, args }) {
      const seq = await takeNumbers(db, 'controls', 1)
      const created_at = new Date(db.now())
      const fields = {
        seq,
        supervisor_id,
        kind,
        args,
        state: 'asked',
        result: null,
        created_at,
        take_token: null,
      } as const
      await db.call(() => controls.updateOne({ _id: id }, { $setOnInsert: fields }, { upsert: true }))
    },
    async takeControls({ supervisor_id }) {
      const asked = { supervisor_id, state: 'asked' } as const
      // Called at every tick: write only if a request exists.
      if (!unanswered && !(await db.call(() => controls.exists(asked)))) return []
      unanswered = true
      await db.call(() => controls.updateMany(asked, { $set: { state: 'taken', take_token } }))
      const taken = await db.call(() => controls.find({ take_token }).sort({ seq: 1 }).lean())
      take_token = newToken()
      unanswered = false
      return taken.flatMap((control) => toControl(control) ?? [])
    },
    async answer({ id, result }) {
      await db.call(() => controls.updateOne({ _id: id }, { $set: { state: 'done', result } }))
    },
    async control({ id }) {
      const found = await db.call(() => controls.findOne({ _id: id }).lean())
      return found && toControl(found)
    },
  }
}

/** The settings. */
export function configuring(db: Connection): Pick<JobStore, 'config' | 'setConfig'> {
  const { config } = db.models
  return {
    async config() {
      const settings = await db.call(() => config.find().sort({ _id: 1 }).lean())
      return Object.fromEntries(settings.map(({ _id, value }) => [_id, value]))
    },
    async setConfig({ key, value, unset = false }) {
      if (unset) await db.call(() => config.deleteOne({ _id: key }))
      else await db.call(() => config.updateOne({ _id: key }, { $set: { value } }, { upsert: true }))
    },
  }
}

/** The control in a document; null: the document is damaged, and the request is unknown. */
function toControl({ _id, created_at, ...control }: ControlDocument): Control | null {
  return soundControl({ ...control, id: _id, created_at: timeOf(created_at) })
}
