import { DatabaseSync } from 'node:sqlite'

/** What SQLite's own check says of the database in `file`: `ok`, or the first damage. */
export function integrity(file: string): unknown {
  const db = new DatabaseSync(file)
  try {
    return db.prepare('PRAGMA integrity_check').get()?.integrity_check
  } finally {
    db.close()
  }
}
