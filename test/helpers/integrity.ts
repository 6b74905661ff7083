import { DatabaseSync } from 'node:sqlite'

/** The result of SQLite's own check of the database in `file`: `ok`, or the first damage. */
export function integrity(file: string): unknown {
  const db = new DatabaseSync(file)
  try {
    return db.prepare('PRAGMA integrity_check').get()?.integrity_check
  } finally {
    db.close()
  }
}
