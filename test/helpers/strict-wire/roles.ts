import { isDoc, listOf, type Report, type Sent, shown } from './documents.ts'

/** Commands that every user may send after login, and those about the connection or session itself. */
const FREE = new Set(
  `hello isMaster ismaster ping buildInfo connectionStatus saslStart saslContinue authenticate logout getnonce endSessions
  startSession refreshSessions killSessions getMore killCursors commitTransaction abortTransaction`.split(/\s+/),
)
/**
 * The actions that `read` grants for each command: find, changeStream, listCollections, listIndexes, collStats,
 * dbStats.
 */
const READ = new Set('find aggregate count distinct listCollections listIndexes collStats dbStats explain'.split(' '))
/**
 * What `readWrite` grants besides: insert, update, remove, createCollection, createIndex, dropCollection, dropIndex,
 * renameCollectionSameDB.
 */
const WRITE = new Set(
  'insert update delete findAndModify create createIndexes drop dropIndexes renameCollection'.split(' '),
)
/** Granted only by `dbAdmin`: only `doctor --fix` sends it, and names that role if it is refused. */
const ADMIN = new Set(['collMod'])
/**
 * Stages that need more than the action find (indexStats, inprog, listSessions, planCacheRead and such): they are for
 * administrators.
 */
const WATCHING = new Set(['$indexStats', '$currentOp', '$listSessions', '$listLocalSessions'])
const SYSTEM = new Set(['admin', 'config', 'local'])

/** Checks a command of the program against the rights of its user. */
export function checkRole({ command, role, only_looks }: Sent, report: Report): void {
  const [name = '', collection] = Object.entries(command)[0] ?? []
  if (role === null || FREE.has(name)) return
  if (ADMIN.has(name) && !only_looks) return
  const reads = READ.has(name) && !listOf(command.pipeline).some(writes)
  if (!reads && !WRITE.has(name) && name !== 'aggregate') {
    report('role', `readWrite does not grant ${name}`)
    return
  }
  if (SYSTEM.has(String(command.$db))) report('role', `${name} in the database ${command.$db}`)
  if (String(collection).startsWith('system.')) report('role', `${name} of ${collection}`)
  if (command.bypassDocumentValidation === true) report('role', 'readWrite does not grant bypassDocumentValidation')
  const watching = listOf(command.pipeline).find(
    (stage) => isDoc(stage) && Object.keys(stage).some((s) => WATCHING.has(s)),
  )
  if (watching !== undefined) report('role', `readWrite does not grant ${shown(watching)}`)
  if (only_looks && !reads) report('role', `read does not grant ${name}, and this command only reads`)
}

const writes = (stage: unknown) => isDoc(stage) && ('$out' in stage || '$merge' in stage)
