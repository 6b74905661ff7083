import { examineQueue, type Fixed, fixAll } from '../../doctor/examine.ts'
import type { Finding } from '../../domain/diagnosis.ts'
import { EXIT } from '../../domain/errors.ts'
import type { Examination } from '../../store/maintenance.ts'
import { VERSION } from '../build-info.ts'
import type { Context } from '../context.ts'
import { type Colour, paint } from '../terminal/table.ts'
import { pad, safe } from '../terminal/text.ts'

/**
 * `doctor`: checks everything that the queue depends on. Exits 1 for a problem (with --fix: one that remains), 3 when
 * the queue does not exist yet.
 */
export async function doctor(context: Context, { fix = false }: { fix?: boolean }): Promise<void> {
  const open: Examination[] = []
  const queue = {
    address: async () => (await context.address()).address,
    store: () => context.store(),
    version: VERSION,
    on_progress: (what: string, seconds: number) => context.progress(what, seconds),
  }
  try {
    let diagnoses = await examineQueue(queue, open)
    const fixed: Fixed[] = []
    if (fix) {
      const failures = await fixAll(diagnoses, fixed)
      // Only a second check shows whether the fixes helped.
      if (fixed.length > 0) diagnoses = await examineQueue(queue, open)
      diagnoses.push(...failures)
    }
    const findings = diagnoses.map(({ mend: _, ...finding }) => finding)
    const counts = { problems: count(findings, 'problem'), warnings: count(findings, 'warning') }
    if (context.json) context.outJson({ ok: counts.problems === 0, ...counts, findings, mended: fixed })
    else context.out(report(findings, fixed))
    if (counts.problems > 0) context.exit(EXIT.unsuccessful)
    else if (open.at(-1)?.absent) context.exit(EXIT.not_found)
  } finally {
    for (const examination of open) await examination.close()
  }
}

const LEVELS: Readonly<Record<Finding['level'], Colour>> = { ok: 'green', warning: 'yellow', problem: 'red' }
const INDENT = ' '.repeat(9)

function report(findings: readonly Finding[], fixed: readonly Fixed[]): string {
  const width = Math.max(...[...findings, ...fixed].map(({ check }) => check.length))
  const line = (level: string, colour: Colour, check: string, message: string) =>
    `${paint(pad(level, 7), colour)}  ${pad(check, width)}  ${safe(message)}`
  const lines = findings.flatMap(({ check, level, message, remedy }) => [
    line(level, LEVELS[level], check, message),
    ...(remedy === null ? [] : [`${INDENT}${' '.repeat(width)}  ${safe(remedy)}`]),
  ])
  const done = fixed.map(({ check, message }) => line('fixed', 'cyan', check, message))
  return [...done, ...lines, verdict(findings)].join('\n')
}

function verdict(findings: readonly Finding[]): string {
  const [problems, warnings] = [count(findings, 'problem'), count(findings, 'warning')]
  if (problems + warnings === 0) return paint('no problems found', 'green')
  const of = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`
  return paint(`${of(problems, 'problem')}, ${of(warnings, 'warning')}`, problems > 0 ? 'red' : 'yellow')
}

function count(findings: readonly Finding[], level: Finding['level']): number {
  return findings.filter((finding) => finding.level === level).length
}
