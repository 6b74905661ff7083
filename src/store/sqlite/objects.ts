import { DatabaseSync } from 'node:sqlite'
import { type Diagnosis, fine, problem, warning } from '../../domain/diagnosis.ts'
import type { Connection } from './connection.ts'
import { recount } from './counters.ts'
import { MIGRATIONS } from './schema.ts'

interface SchemaObject {
  type: string
  name: string
  sql: string
}

const OBJECTS = `
  SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite#_%' ESCAPE '#' ORDER BY rowid`

/**
 * Compares tables, indexes and triggers with those of a fresh store. What is derived from the tables can be created
 * again.
 */
export async function examineObjects(db: Connection): Promise<Diagnosis[]> {
  const expected = freshObjects()
  const found = new Map((await db.attempt(() => db.all(OBJECTS))).map((row) => [String(row.name), String(row.sql)]))
  const wrong = expected.filter(({ name, sql }) => found.get(name) !== sql)
  const tables = wrong.filter(({ type }) => type === 'table')
  if (tables.length > 0) {
    const hint = 'restore a backup from before the change'
    return [problem('schema', `tables changed since queuectl created them: ${named(tables)}`, hint)]
  }
  const strange = [...found.keys()].filter((name) => !expected.some((object) => object.name === name))
  const findings: Diagnosis[] = []
  if (strange.length > 0) {
    const names = strange.map((name) => `"${name}"`).join(', ')
    const message = `the queue’s file contains foreign objects: ${names}`
    findings.push(warning('schema', message, 'keep other data in another file'))
  }
  findings.push(wrong.length === 0 ? fine('indexes', 'all exist') : missing(db, wrong))
  return findings
}

function missing(db: Connection, wrong: readonly SchemaObject[]): Diagnosis {
  const message = `missing or changed: ${wrong.map(({ type, name }) => `${type} ${name}`).join(', ')}`
  return {
    ...problem('indexes', message, 'queuectl doctor --fix creates them again'),
    async mend() {
      await db.write(() => makeAgain(db, wrong), { durable: true })
      return `created again: ${named(wrong)}`
    },
  }
}

function makeAgain(db: Connection, objects: readonly SchemaObject[]): void {
  for (const { type, name, sql } of objects) db.exec(`DROP ${type} IF EXISTS ${name}; ${sql}`)
  // Without their triggers the counters were not updated.
  if (objects.some(({ type }) => type === 'trigger')) recount(db)
}

/** The objects of a store as this version creates it. */
function freshObjects(): SchemaObject[] {
  const fresh = new DatabaseSync(':memory:')
  try {
    for (const script of MIGRATIONS) fresh.exec(script)
    return fresh.prepare(OBJECTS).all() as unknown as SchemaObject[]
  } finally {
    fresh.close()
  }
}

const named = (objects: readonly SchemaObject[]) => objects.map(({ name }) => name).join(', ')
