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

/** Looks at the database behind a MongoDB URL. Never throws: what goes wrong is a finding. */
export async function examineMongo({ address: url, on_progress }: ExamineParams): Promise<Examination> {
  const findings: Diagnosis[] = []
  let db: Connection | null = null
  try {
    const address = parseUrl(url)
    findings.push(...examineAddress(address))
    db = await Connection.open(address, 'command')
    const mark = await markOf(db, findings)
    findings.push(...(await examineServer(db)))
    // Nothing is made where nothing is.
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

/** What the database says of itself; null: nothing yet. Throws `configuration` when it is another program's or a newer queuectl's. */
async function markOf(db: Connection, findings: Diagnosis[]): Promise<Mark | null> {
  const latest = MIGRATIONS.length
  const mark = await readMark(db, latest)
  const { label } = db.address
  if (mark === null) {
    await refuseForeign(db, false)
    const state =
      (await db.call(() => collectionNames(db.db))).length === 0 ? 'the database is empty' : 'it is not complete'
    findings.push(warning('store', `no queue at ${label} yet: ${state}`, CREATE_QUEUE))
    return null
  }
  findings.push(fine('store', `${label} (MongoDB ${db.version})`))
  if (mark.version === latest) findings.push(fine('schema', `version ${latest}`))
  else {
    const hint = 'queuectl init upgrades it, once no worker of the older queuectl runs on any host'
    findings.push(warning('schema', `version ${mark.version} of ${latest}: it is not upgraded yet`, hint))
  }
  return mark
}

/** Whether others' changes are heard of at once. */
async function examineStreams(db: Connection): Promise<Diagnosis[]> {
  const reason = await refusedWatch(db)
  if (reason === null) return []
  const message = `change streams cannot be opened, so that new jobs are found by polling alone: ${reason}`
  return [
    warning(
      'streams',
      message,
      'let the user open them (role readWrite), if the server has them; nothing is lost without',
    ),
  ]
}
