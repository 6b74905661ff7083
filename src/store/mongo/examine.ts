import { CREATE_QUEUE } from '../../domain/errors.ts'
import { type Diagnosis, failedCheck, fine, warning } from '../../domain/finding.ts'
import type { Examination, ExamineParams } from '../examination.ts'
import { parseAddress } from './address.ts'
import { Connection } from './connection.ts'
import { examineFurnishing } from './furnishing.ts'
import { type Mark, readMark, refuseStranger } from './migrate.ts'
import { examineAddress, examineServer } from './network.ts'
import { collectionNames, MIGRATIONS } from './schema.ts'

const NOTHING: Omit<Examination, 'findings'> = { usable: false, close: async () => {} }

/** Looks at the database behind a MongoDB URL. Never throws: what goes wrong is a finding. */
export async function examineMongo({ address: url }: ExamineParams): Promise<Examination> {
  const findings: Diagnosis[] = []
  let db: Connection | null = null
  try {
    const address = parseAddress(url)
    findings.push(...examineAddress(address))
    db = await Connection.open(address, 'command')
    const mark = await markOf(db, findings)
    findings.push(...(await examineServer(db)))
    const usable = mark?.version === MIGRATIONS.length
    if (usable) findings.push(...(await examineFurnishing(db)))
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
    await refuseStranger(db, false)
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
