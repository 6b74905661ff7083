import { BUILD } from '../cli/version.ts'
import { runWorker } from '../worker/run-worker.ts'

runWorker(BUILD)
