import { fieldsOf, isDoc, type Report, type Sent, shown } from './documents.ts'
import { isOfMany } from './updates.ts'

/** https://www.mongodb.com/docs/v6.0/reference/read-concern/#read-concern-support */
const READS = new Set(['aggregate', 'count', 'distinct', 'find'])
/** Commands that can wait until a number of members have their write. */
const WRITES = new Set(
  `insert update delete findAndModify create createIndexes drop dropDatabase dropIndexes collMod renameCollection bulkWrite
  createUser updateUser dropUser createRole updateRole dropRole grantRolesToUser revokeRolesFromUser commitTransaction
  abortTransaction convertToCapped`.split(/\s+/),
)

/** Not promised to be durable, so that no call waits for it: see src/store/mongo/outputs.ts. */
const NO_PROMISE = 'outputs'

/**
 * How long each kind of client waits for a majority, equal to the deadline of its calls: see
 * src/store/mongo/connection.ts.
 */
const WAIT_MS = { command: 5_000, supervisor: 10_000, worker: 10_000 } as const
const PATIENT_MS = 60_000

/** Checks the read and write concerns of a command against the rules. */
export function checkConcerns({ command, role, patient, standalone }: Sent, report: Report): void {
  const [name = '', collection] = Object.entries(command)[0] ?? []
  const { readConcern, writeConcern, txnNumber } = command
  const writes = WRITES.has(name) || (name === 'aggregate' && writesOut(command.pipeline))
  if (readConcern !== undefined && !READS.has(name)) report('read-concern-place', shown(readConcern))
  if (writeConcern !== undefined && !writes) report('write-concern-place', shown(writeConcern))
  if (txnNumber !== undefined && standalone) report('transaction-standalone', shown(txnNumber))
  if (txnNumber !== undefined && isOfMany(command)) report('transaction-multi', shown(txnNumber))
  if (role === null) return
  const level = isDoc(readConcern) ? readConcern.level : undefined
  if (READS.has(name) && level !== 'majority' && !(collection === NO_PROMISE && level === 'local'))
    report('read-concern-ours', shown(readConcern))
  if (
    writes &&
    !isOurs(writeConcern, patient ? PATIENT_MS : WAIT_MS[role]) &&
    !(collection === NO_PROMISE && isQuick(writeConcern))
  )
    report('write-concern-ours', shown(writeConcern))
}

function writesOut(pipeline: unknown): boolean {
  const last = Array.isArray(pipeline) ? pipeline.at(-1) : undefined
  return isDoc(last) && ('$out' in last || '$merge' in last)
}

function isOurs(concern: unknown, wait_ms: number): boolean {
  const { w, j, wtimeout } = Object.fromEntries(fieldsOf(concern))
  return fieldsOf(concern).length === 3 && w === 'majority' && j === true && Number(wtimeout) === wait_ms
}

const isQuick = (concern: unknown) => isDoc(concern) && concern.w === 1
