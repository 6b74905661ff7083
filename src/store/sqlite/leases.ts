import type { JobStore, Renewed } from '../port.ts'
import type { Connection } from './connection.ts'
import { COLUMNS, toJob } from './rows.ts'

const RENEW = `
  UPDATE OR FAIL jobs SET lease_expires_at = ? WHERE state = 'processing' AND lease_token = ? RETURNING cancel_requested_at`

const HELD = `SELECT 1 FROM jobs WHERE id = ? AND state = 'processing' AND lease_token = ?`

const FENCE = `
  UPDATE OR FAIL jobs SET lease_token = ?, processing_by = ?, lease_expires_at = ?, updated_at = ?
  WHERE id = ? AND state = 'processing' AND lease_token = ? AND lease_expires_at IS coalesce(?, lease_expires_at)`

/** Leases: their holders and their expiry. */
export function leasing(db: Connection): Pick<JobStore, 'renew' | 'fence' | 'processing'> {
  return {
    renew: ({ worker_id, tokens, lease_ms }) =>
      // Synced like the supervisor's heartbeat, which it replaces: a power cut can undo two seconds, not the whole
      // outage.
      db.write(
        (now) => {
          db.run('UPDATE processes SET beats = beats + 1, beat_at = ? WHERE id = ?', now, worker_id)
          return renewNow(db, tokens, now + lease_ms)
        },
        { durable: true },
      ),
    fence: ({ id, token, new_token, by, lease_ms, expires_at = null }) =>
      db.write((now) => {
        // Not held by `token`: perhaps because this call is repeated.
        return (
          db.run(FENCE, new_token, by, now + lease_ms, now, id, token, expires_at) === 1 ||
          db.get(HELD, id, new_token) !== undefined
        )
      }),
    processing: () =>
      db.read(() =>
        db.all(`SELECT ${COLUMNS} FROM jobs WHERE state = 'processing' ORDER BY locked_at, seq`).map(toJob),
      ),
  }
}

/** Renews the leases of `tokens`, inside a write. `expires_at`: epoch milliseconds. */
export function renewNow(db: Connection, tokens: readonly string[], expires_at: number): Renewed {
  const found = tokens.map((token) => ({ token, row: db.get(RENEW, expires_at, token) }))
  return {
    lost: found.filter(({ row }) => !row).map(({ token }) => token),
    cancelled: found.filter(({ row }) => row && row.cancel_requested_at !== null).map(({ token }) => token),
  }
}
