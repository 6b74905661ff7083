import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import fc from 'fast-check'

/** One value in the database, set by an edit outside of queuectl. */
export interface Edit {
  table: string
  column: string
  /** Which row, counted from the first; beyond the last: all of them. */
  row: number
  value: SQLInputValue
}

export const VALUES: SQLInputValue[] = [
  ...[
    null,
    '',
    'x',
    '0',
    '-1',
    '{',
    '[]',
    '{}',
    'null',
    '"x"',
    '{"A":1}',
    '{"A":"b","__proto__":"x"}',
    '[[["',
    'pending',
    'dead',
  ],
  ...[
    'a\u0000b',
    '\u202e\u001b[2J',
    '../../../etc/passwd',
    '$HOME',
    'x'.repeat(100_000),
    '['.repeat(100_000),
    'processing',
    'completed',
  ],
  ...[
    0,
    1,
    2,
    -1,
    1.5,
    2 ** 31,
    -(2 ** 31),
    8.64e15,
    8.65e15,
    -8.65e15,
    Number.MAX_SAFE_INTEGER,
    1e308,
    -1e308,
    Number.POSITIVE_INFINITY,
  ],
  ...[2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), new Uint8Array([0xff, 0x00, 0xfe])],
]

/** Edits of the columns in `columns`. */
export function anyEdits(columns: readonly { table: string; column: string }[]): fc.Arbitrary<Edit[]> {
  const edit = fc
    .tuple(fc.constantFrom(...columns), fc.nat({ max: 9 }), fc.constantFrom(...VALUES))
    .map(([where, row, value]) => ({ ...where, row, value }))
  return fc.array(edit, { minLength: 1, maxLength: 3 })
}

/** All columns of the database in `file`. */
export function columnsOf(file: string): { table: string; column: string }[] {
  const db = new DatabaseSync(file, { readOnly: true })
  const rows = db
    .prepare(`SELECT t.name AS "table", c.name AS "column" FROM pragma_table_list t, pragma_table_info(t.name) c
      WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%'`)
    .all()
  db.close()
  return rows as { table: string; column: string }[]
}

/**
 * Edits the database without regard to its checks; `lax`: also without regard to the types of its columns. Edits that
 * the database refuses are skipped. Returns how many succeeded.
 */
export function edit(file: string, edits: readonly Edit[], lax: boolean): number {
  const db = new DatabaseSync(file)
  db.exec('PRAGMA ignore_check_constraints = ON')
  if (lax) loosen(db)
  let taken = 0
  for (const { table, column, row, value } of edits) {
    const key = db
      .prepare(`SELECT group_concat(name) AS key FROM pragma_table_info('${table}') WHERE pk > 0`)
      .get()?.key
    const one = `(${key}) IN (SELECT ${key} FROM ${table} LIMIT 1 OFFSET ${row})`
    const some = Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n) > row ? one : 'TRUE'
    try {
      db.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${some}`).run(value)
      taken++
    } catch {
      // Refused: unique, not null, or of another type.
    }
  }
  db.close()
  return taken
}

/** Removes from the tables what refuses values of other types. */
function loosen(db: DatabaseSync): void {
  db.enableDefensive(false)
  db.exec('PRAGMA writable_schema = ON')
  for (const { name, sql } of db.prepare(`SELECT name, sql FROM sqlite_schema WHERE type = 'table'`).all()) {
    const loose = String(sql)
      .replaceAll(/\b(TEXT|INTEGER|REAL) NOT NULL/g, '$1')
      .replace(/\) STRICT, WITHOUT ROWID$/, ') WITHOUT ROWID')
      .replace(/\) STRICT$/, ')')
    db.prepare('UPDATE sqlite_schema SET sql = ? WHERE name = ?').run(loose, String(name))
  }
  db.exec('PRAGMA writable_schema = RESET')
}
