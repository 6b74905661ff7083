import { sqliteBench } from './bench-sqlite.ts'
import { jobStoreContract } from './job-store.ts'

jobStoreContract('SQLite @fast', sqliteBench)
