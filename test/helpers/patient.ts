import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import type { Finding } from '../../src/domain/finding.ts'
import { freshQueue } from './queuectl.ts'

/** What `doctor --json` prints. */
export interface Report {
  ok: boolean
  problems: number
  warnings: number
  findings: Finding[]
  mended: { check: string; message: string }[]
}

/** A queue with one job, `a`, that has run, and what doctor says of it. */
export async function patient() {
  const queue = freshQueue()
  await queue.ok('enqueue', '--id', 'a', '--', 'echo hi')
  await queue.drain()
  const doctor = async (...args: string[]): Promise<Report & { code: number }> => {
    const { code, stdout, stderr } = await queue.run(['doctor', '--json', ...args])
    expect(stderr).to.equal('')
    return { code, ...JSON.parse(stdout) }
  }
  const sql = (script: string) => {
    const db = new DatabaseSync(queue.db)
    db.exec(script)
    db.close()
  }
  return { ...queue, doctor, sql }
}

/** What is not as it should be. */
export const bad = ({ findings }: Report) => findings.filter(({ level }) => level !== 'ok')

/** The same, in short. */
export const levels = (report: Report) => bad(report).map(({ check, level }) => `${check} ${level}`)
