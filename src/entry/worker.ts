import { BUILD } from '../cli/build-info.ts'
import { runWorker } from '../worker/run-worker.ts'

runWorker(BUILD)
