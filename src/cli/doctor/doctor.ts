import { EXIT } from '../../domain/errors.ts'
import { type Diagnosis, type Finding, failedCheck, problem } from '../../domain/finding.ts'
import { isShared } from '../../domain/store-address.ts'
import type { Examination } from '../../store/examination.ts'
import { examineStore } from '../../store/open.ts'
import type { JobStore } from '../../store/port.ts'
import type { Context } from '../context.ts'
import { type Colour, paint } from '../output.ts'
import { pad, safe } from '../text.ts'
import { examineJobs } from './jobs.ts'
import { examineClock, examinePlace } from './place.ts'
import { examineRecords } from './records.ts'
import { examineRegistry } from './registry.ts'
import { examineSettings } from './settings.ts'

/** What was put right: by which check, and what was done. */
type Mended = Pick<Finding, 'check' | 'message'>

/** `doctor`: looks at everything that the queue stands on. Exits 1 when there is a problem, that with --fix is still there; 3 when there is no queue yet. */
export async function doctor(context: Context, { fix = false }: { fix?: boolean }): Promise<void> {
  const open: Examination[] = []
  try {
    let diagnoses = await look(context, open)
    const mended: Mended[] = []
    if (fix) {
      const failures = await mend(diagnoses, mended)
      // Whether it has helped is seen by looking again.
      if (mended.length > 0) diagnoses = await look(context, open)
      diagnoses.push(...failures)
    }
    const findings = diagnoses.map(({ mend: _, ...finding }) => finding)
    const counts = { problems: count(findings, 'problem'), warnings: count(findings, 'warning') }
    if (context.json) context.outJson({ ok: counts.problems === 0, ...counts, findings, mended })
    else context.out(report(findings, mended))
    if (counts.problems > 0) context.exit(EXIT.unsuccessful)
    else if (open.at(-1)?.absent) context.exit(EXIT.not_found)
  } finally {
    for (const examination of open) await examination.close()
  }
}

async function look(context: Context, open: Examination[]): Promise<Diagnosis[]> {
  let address: string
  try {
    address = (await context.address()).address
  } catch (error) {
    return [failedCheck('store', error)]
  }
  const examination = await examineStore({ address })
  open.push(examination)
  const diagnoses = [...examination.findings]
  const check = async (name: string, work: () => Diagnosis[] | Promise<Diagnosis[]>) => {
    diagnoses.push(
      ...(await Promise.resolve()
        .then(work)
        .catch((error) => [failedCheck(name, error)])),
    )
  }
  const store = examination.usable ? await opened(context, diagnoses) : null
  const file = isShared(address) ? null : address
  await check('files', () => examinePlace({ file, store }))
  await check('clock', () => examineClock(store))
  if (store === null) return diagnoses
  await check('settings', () => examineSettings(store))
  await check('registry', () => examineRegistry(store))
  await check('jobs', () => examineJobs(store, address))
  await check('books', () => examineRecords(store, file))
  return diagnoses
}

/** The store, when nothing that was not looked at before keeps it from opening. */
async function opened(context: Context, diagnoses: Diagnosis[]): Promise<JobStore | null> {
  try {
    return await context.store()
  } catch (error) {
    diagnoses.push(failedCheck('store', error))
    return null
  }
}

/** Mends what can be mended. Returns what could not. */
async function mend(diagnoses: readonly Diagnosis[], mended: Mended[]): Promise<Diagnosis[]> {
  const failures: Diagnosis[] = []
  for (const { check, mend } of diagnoses) {
    if (mend === undefined) continue
    try {
      mended.push({ check, message: await mend() })
    } catch (error) {
      failures.push(problem(check, `could not be mended: ${(error as Error).message}`, null))
    }
  }
  return failures
}

const LEVELS: Readonly<Record<Finding['level'], Colour>> = { ok: 'green', warning: 'yellow', problem: 'red' }
const INDENT = ' '.repeat(9)

function report(findings: readonly Finding[], mended: readonly Mended[]): string {
  const width = Math.max(...[...findings, ...mended].map(({ check }) => check.length))
  const line = (level: string, colour: Colour, check: string, message: string) =>
    `${paint(pad(level, 7), colour)}  ${pad(check, width)}  ${safe(message)}`
  const lines = findings.flatMap(({ check, level, message, remedy }) => [
    line(level, LEVELS[level], check, message),
    ...(remedy === null ? [] : [`${INDENT}${' '.repeat(width)}  ${safe(remedy)}`]),
  ])
  const done = mended.map(({ check, message }) => line('mended', 'cyan', check, message))
  return [...done, ...lines, verdict(findings)].join('\n')
}

function verdict(findings: readonly Finding[]): string {
  const [problems, warnings] = [count(findings, 'problem'), count(findings, 'warning')]
  if (problems + warnings === 0) return paint('all is well', 'green')
  const of = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`
  return paint(`${of(problems, 'problem')}, ${of(warnings, 'warning')}`, problems > 0 ? 'red' : 'yellow')
}

function count(findings: readonly Finding[], level: Finding['level']): number {
  return findings.filter((finding) => finding.level === level).length
}
