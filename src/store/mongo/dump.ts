import { misconfigured } from '../../domain/errors.ts'
import { parseUrl } from './url.ts'

/** Points to MongoDB's own tool: a server has more ways to be backed up than a client can have. */
export function refuseBackup(address: string): never {
  const { label } = parseUrl(address)
  throw misconfigured(
    'a queue in MongoDB is backed up by MongoDB’s own tools',
    `mongodump --uri="${label}" --gzip --archive=FILE   takes it, also while workers run: each job is one document`,
  )
}

/** The way back from `refuseBackup`. */
export function refuseRestore(address: string): never {
  const { label } = parseUrl(address)
  throw misconfigured(
    'a queue in MongoDB is restored by MongoDB’s own tools',
    `stop the workers of all hosts, then: mongorestore --uri="${label}" --drop --gzip --archive=FILE`,
  )
}
