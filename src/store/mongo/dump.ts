import { misconfigured } from '../../domain/errors.ts'
import { parseUrl } from './url.ts'

/** Throws `configuration` with the mongodump command: a server offers more ways of backup than a client can. */
export function refuseBackup(address: string): never {
  const { label } = parseUrl(address)
  throw misconfigured(
    'a queue in MongoDB is backed up with MongoDB’s own tools',
    `mongodump --uri="${label}" --gzip --archive=FILE   backs it up, also while workers run: each job is one document`,
  )
}

/** Throws `configuration` with the mongorestore command, for a backup as `refuseBackup` names it. */
export function refuseRestore(address: string): never {
  const { label } = parseUrl(address)
  throw misconfigured(
    'a queue in MongoDB is restored with MongoDB’s own tools',
    `stop the workers of all hosts, then: mongorestore --uri="${label}" --drop --gzip --archive=FILE`,
  )
}
