import { type Diagnosis, failedCheck, fine, warning } from '../../domain/diagnosis.ts'
import { CREATE_QUEUE } from '../../domain/errors.ts'
import type { Examination, ExamineParams } from '../maintenance.ts'
import { Connection } from './connection.ts'
import { examineEngine } from './engine.ts'
import { type Mark, readMark } from './migrate.ts'
import { examineAddress, examineServer } from './network.ts'
import { refuseForeign } from './ownership.ts'
import { collectionNames, MIGRATIONS } from './schema.ts'
import { examineSchemaObjects } from './schema-objects.ts'
import { parseUrl } from './url.ts'
import { refusedWatch } from './watch.ts'

const NOTHING: Omit<Examination, 'findings'> = { usable: false, close: async () => {} }

/** Examines the database at a MongoDB URL. Never throws: each error becomes a finding. */
export async function examineMongo({ address: url, on_progress }: ExamineParams): Promise<Examination> {
  const findings: Diagnosis[] = []
  let db: Connection | null = null
  try {
    const address = parseUrl(url)
    findings.push(...examineAddress(address))
    db = await Connection.open(address, 'command')
    const mark = await markOf(db, findings)
    findings.push(...(await examineServer(db)))
    // The test of the engine writes: not to a database without a queue.
    if (mark !== null) findings.push(await examineEngine(db))
    findings.push(...(await examineStreams(db)))
    const usable = mark?.version === MIGRATIONS.length
    if (usable) findings.push(...(await examineSchemaObjects(db, on_progress)))
    return { findings, absent: mark === null, usable, close: async () => db?.close() }
  } catch (error) {
    await db?.close()
    return { ...NOTHING, findings: [failedCheck('store', error), ...findings] }
  }
}

/**
 * The database's mark; null: none yet. Throws `configuration` if it belongs to another program or to a newer queuectl.
 */
async function markOf(db: Connection, findings: Diagnosis[]): Promise<Mark | null> {
  const latest = MIGRATIONS.length
  const mark = await readMark(db, latest)
  const { label } = db.address
  if (mark === null) {
    await refuseForeign(db, false)
    const state =
      (await db.call(() => collectionNames(db.db))).length === 0 ? 'the database is empty' : 'it is incomplete'
    findings.push(warning('store', `no queue at ${label} yet: ${state}`, CREATE_QUEUE))
    return null
  }
  findings.push(fine('store', `${label} (MongoDB ${db.version})`))
  if (mark.version === latest) findings.push(fine('schema', `version ${latest}`))
  else {
    const hint = 'stop the workers of the older queuectl on all hosts, then run queuectl init to upgrade it'
    findings.push(warning('schema', `version ${mark.version} of ${latest}: not upgraded yet`, hint))
  }
  return mark
}

/** Whether change streams report the changes of other processes at once. */
async function examineStreams(db: Connection): Promise<Diagnosis[]> {
  const reason = await refusedWatch(db)
  if (reason === null) return []
  const message = `cannot open change streams, so new jobs are found only by polling: ${reason}`
  return [
    warning(
      'streams',
      message,
      'if the server supports them, give the user the role readWrite; without them nothing is lost, but jobs start later',
    ),
  ]
}
