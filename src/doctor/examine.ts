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

/** What was fixed: the check that found it, and what was done. */
export type Fixed = Pick<Finding, 'check' | 'message'>

/** The queue to check. Its functions may throw. */
export interface ExaminedQueue {
  address: () => Promise<string>
  store: () => Promise<JobStore>
  /** The version of this program. */
  version: string
  /** Called while a fix takes long. */
  on_progress: OnProgress
}

/**
 * Checks everything that the queue depends on, in the order in which a person would. Adds what it opens to `open`; the
 * caller closes it. Never throws.
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

/** The open store. An error that the examination did not find is added to `diagnoses`. */
async function opened(queue: ExaminedQueue, diagnoses: Diagnosis[]): Promise<JobStore | null> {
  try {
    return await queue.store()
  } catch (error) {
    diagnoses.push(failedCheck('store', error))
    return null
  }
}

/** Fixes what can be fixed and adds it to `fixed`. Returns the fixes that failed. */
export async function fixAll(diagnoses: readonly Diagnosis[], fixed: Fixed[]): Promise<Diagnosis[]> {
  const failures: Diagnosis[] = []
  for (const { check, mend } of diagnoses) {
    if (mend === undefined) continue
    try {
      fixed.push({ check, message: await mend() })
    } catch (error) {
      const { message, remedy } = failedCheck(check, error)
      failures.push(problem(check, `cannot fix it: ${message}`, remedy))
    }
  }
  return failures
}
