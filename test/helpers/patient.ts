import { closeSync, writeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import type { Finding } from '../../src/domain/diagnosis.ts'
import { ensureFolder, openLog } from '../../src/lib/fs.ts'
import { logPath } from '../../src/logs/log-path.ts'
import { runFolder } from '../../src/runs/journal.ts'
import { openStore } from '../../src/store/open.ts'
import type { JobStore } from '../../src/store/port.ts'
import { ended, FAILURE, SUCCESS } from '../contract/kit.ts'
import { freshQueue } from './queuectl.ts'

/** The output of `doctor --json`. */
export interface Report {
  ok: boolean
  problems: number
  warnings: number
  findings: Finding[]
  mended: { check: string; message: string }[]
}

/** A queue with a job `a` that succeeded and a job `b` that failed, and the findings of doctor for it. */
export async function patient() {
  const queue = freshQueue()
  await openStore({ address: queue.db, role: 'command', is_alive: () => false }).then(live)
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

/** Writes the lives of both jobs directly: no process ran them. */
async function live(store: JobStore): Promise<void> {
  const { folder } = store.info
  await ended(store, 'a', SUCCESS)
  await ended(store, 'b', FAILURE)
  ensureFolder(folder)
  ensureFolder(runFolder(folder))
  for (const id of ['a', 'b']) {
    const [run] = await store.runs({ id })
    const log = openLog(logPath(folder, run?.token ?? ''), folder)
    writeSync(log, 'hi\n')
    closeSync(log)
  }
  await store.close()
}

/** The findings that are not ok. */
export const bad = ({ findings }: Report) => findings.filter(({ level }) => level !== 'ok')

/** The same, in short. */
export const levels = (report: Report) => bad(report).map(({ check, level }) => `${check} ${level}`)
