import type { Control } from '../../domain/processes.ts'
import type { JobStore } from '../port.ts'
import { soundControl } from '../process-checks.ts'
import { parsed } from '../row-checks.ts'
import type { Connection, Row } from './connection.ts'

const KEPT_MS = 86_400_000

const ASK = `
  INSERT INTO controls (id, supervisor_id, kind, args, state, created_at) VALUES (?, ?, ?, ?, 'asked', ?)
  ON CONFLICT (id) DO NOTHING`
const ASKED = `SELECT * FROM controls WHERE state = 'asked' AND supervisor_id = ? ORDER BY seq`
const TAKE = `UPDATE controls SET state = 'taken' WHERE seq = ?`
const ANSWER = `UPDATE controls SET state = 'done', result = ? WHERE id = ?`

/** Requests to supervisors. */
export function controlling(db: Connection): Pick<JobStore, 'ask' | 'takeControls' | 'answer' | 'control'> {
  return {
    ask: ({ id, supervisor_id, kind, args }) =>
      db.write((now) => {
        db.run('DELETE FROM controls WHERE created_at < ?', now - KEPT_MS)
        db.run(ASK, id, supervisor_id, kind, JSON.stringify(args), now)
      }),
    async takeControls({ supervisor_id }) {
      // Called at every tick: the lock is acquired only when a request exists.
      if (!(await db.read(() => db.get(ASKED, supervisor_id)))) return []
      return db.write(() => db.all(ASKED, supervisor_id).flatMap((row) => take(db, row) ?? []))
    },
    answer: ({ id, result }) =>
      db.write(() => {
        db.run(ANSWER, result && JSON.stringify(result), id)
      }),
    control: ({ id }) =>
      db.read(() => {
        const row = db.get('SELECT * FROM controls WHERE id = ?', id)
        return row ? toControl(row) : null
      }),
  }
}

/** The settings, each stored as JSON. */
export function configuring(db: Connection): Pick<JobStore, 'config' | 'setConfig'> {
  return {
    config: () =>
      db.read(() => {
        const rows = db.all('SELECT key, value FROM config ORDER BY key')
        const settings = rows.map((row) => [String(row.key), parsed(row.value)] as const)
        return Object.fromEntries(settings.filter(([, value]) => value !== undefined))
      }),
    setConfig: ({ key, value, unset = false }) =>
      db.write(
        () => {
          if (unset) db.run('DELETE FROM config WHERE key = ?', key)
          else db.run('INSERT OR REPLACE INTO config VALUES (?, ?)', key, JSON.stringify(value))
        },
        { durable: true },
      ),
  }
}

/** Null: taken, but what was requested is unknown. */
function take(db: Connection, row: Row): Control | null {
  db.run(TAKE, Number(row.seq))
  return toControl({ ...row, state: 'taken' })
}

function toControl(row: Row): Control | null {
  return soundControl({ ...row, args: parsed(row.args), result: parsed(row.result) })
}
