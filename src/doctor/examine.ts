import { type Diagnosis, type Finding, failedCheck, problem } from '../domain/diagnosis.ts'
import { isShared } from '../domain/store-address.ts'
import type { Examination } from '../store/maintenance.ts'
import { examineStore } from '../store/open.ts'
import type { JobStore } from '../store/port.ts'
import type { OnProgress } from '../store/progress.ts'
import { examineClock, examineHost } from './host-checks.ts'
import { examineJobs } from './job-checks.ts'
import { examineRecords } from './record-checks.ts'
import { examineRegistry } from './registry-checks.ts'
import { examineSettings } from './setting-checks.ts'

/** What was put right: by which check, and what was done. */
export type Mended = Pick<Finding, 'check' | 'message'>

/** The queue that is looked at; what it is asked for may throw. */
export interface ExaminedQueue {
  address: () => Promise<string>
  store: () => Promise<JobStore>
  /** Of this program. */
  version: string
  /** Hears of a fix that takes long. */
  on_progress: OnProgress
}

/**
 * Looks at everything that the queue stands on, in the order in which a person would. What is opened for it goes to `open`, for the caller
 * to close. Never throws.
 */
export async function examineQueue(queue: ExaminedQueue, open: Examination[]): Promise<Diagnosis[]> {
  let address: string
  try {
    address = await queue.address()
  } catch (error) {
    return [failedCheck('store', error)]
  }
  const examination = await examineStore({ address, on_progress: queue.on_progress })
  open.push(examination)
  const diagnoses = [...examination.findings]
  const check = async (name: string, work: () => Diagnosis[] | Promise<Diagnosis[]>) => {
    diagnoses.push(
      ...(await Promise.resolve()
        .then(work)
        .catch((error) => [failedCheck(name, error)])),
    )
  }
  const store = examination.usable ? await opened(queue, diagnoses) : null
  const file = isShared(address) ? null : address
  await check('files', () => examineHost({ file, store }))
  await check('clock', () => examineClock(store))
  if (store === null) return diagnoses
  await check('settings', () => examineSettings(store))
  await check('registry', () => examineRegistry(store, queue.version))
  await check('jobs', () => examineJobs(store, address))
  await check('books', () => examineRecords(store, file))
  return diagnoses
}

/** The store, when nothing that was not looked at before keeps it from opening. */
async function opened(queue: ExaminedQueue, diagnoses: Diagnosis[]): Promise<JobStore | null> {
  try {
    return await queue.store()
  } catch (error) {
    diagnoses.push(failedCheck('store', error))
    return null
  }
}

/** Mends what can be mended, and says so in `mended`. Returns what could not. */
export async function mendAll(diagnoses: readonly Diagnosis[], mended: Mended[]): Promise<Diagnosis[]> {
  const failures: Diagnosis[] = []
  for (const { check, mend } of diagnoses) {
    if (mend === undefined) continue
    try {
      mended.push({ check, message: await mend() })
    } catch (error) {
      const { message, remedy } = failedCheck(check, error)
      failures.push(problem(check, `could not be mended: ${message}`, remedy))
    }
  }
  return failures
}
