import { needsMongo } from '../helpers/mongo-server.ts'
import { mongoBench } from './bench-mongo.ts'
import { jobStoreContract } from './job-store.ts'

describe('on MongoDB @posix', () => {
  before(needsMongo)
  jobStoreContract('MongoDB', mongoBench)
})
