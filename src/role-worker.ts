import { BUILD } from './cli/version.ts'
import { runWorker } from './worker/main.ts'

runWorker(BUILD)
