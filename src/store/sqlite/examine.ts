import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Diagnosis, failedCheck, fine, problem, warning } from '../../domain/diagnosis.ts'
import { CREATE_QUEUE } from '../../domain/errors.ts'
import type { Examination, ExamineParams } from '../maintenance.ts'
import { damagesOf } from './backup.ts'
import { Connection } from './connection.ts'
import { examineCounters } from './counters.ts'
import { domainError, RECOVER } from './errors.ts'
import { refuseLogAlone } from './file.ts'
import { versionOf } from './migrate.ts'
import { examineObjects } from './objects.ts'
import { MIGRATIONS } from './schema.ts'

const NOTHING: Omit<Examination, 'findings'> = { usable: false, close: async () => {} }

/** Examines the store in the file at `path`. Never throws: an error becomes a finding. */
export async function examineSqlite({
  path: given,
}: Omit<ExamineParams, 'address'> & { path: string }): Promise<Examination> {
  const path = resolve(given)
  let db: Connection | null = null
  try {
    refuseLogAlone(path)
    if (!existsSync(path)) {
      return { ...NOTHING, absent: true, findings: [warning('store', `no queue at ${path} yet`, CREATE_QUEUE)] }
    }
    db = new Connection(path, 'command')
    const findings = await examine(db)
    const usable = findings.every(({ check, level }) => level === 'ok' || !NEEDED.includes(check))
    const absent = findings[0]?.check === 'store' && findings[0].level === 'warning'
    return { findings, absent, usable, close: async () => db?.close() }
  } catch (error) {
    db?.close()
    return { ...NOTHING, findings: [failedCheck('store', domainError(error, path))] }
  }
}

/** Checks that must succeed before the store is opened. */
const NEEDED = ['store', 'schema', 'integrity']

async function examine(db: Connection): Promise<Diagnosis[]> {
  const latest = MIGRATIONS.length
  const version = await db.read(() => versionOf(db, Number.MAX_SAFE_INTEGER))
  if (version === 0) return [warning('store', `no queue at ${db.path} yet: the file is empty`, CREATE_QUEUE)]
  if (version > latest) {
    const message = `${db.path} has schema version ${version}; this queuectl knows versions up to ${latest}`
    return [problem('schema', message, 'use the newer queuectl that created it')]
  }
  const findings = [fine('store', `${db.path} (SQLite ${process.versions.sqlite})`)]
  if (version < latest) {
    const hint = 'queuectl init upgrades it as soon as no worker of the older queuectl runs'
    findings.push(warning('schema', `version ${version} of ${latest}: not upgraded yet`, hint))
    return [...findings, await examineIntegrity(db)]
  }
  findings.push(fine('schema', `version ${version}`), await examineIntegrity(db))
  if (findings.some(({ level }) => level === 'problem')) return findings
  return [...findings, ...(await examineObjects(db)), await examineCounters(db)]
}

async function examineIntegrity(db: Connection): Promise<Diagnosis> {
  const damages = await db.attempt(() => damagesOf(db))
  if (damages.length === 0) return fine('integrity', 'the database is intact')
  const message = `the database is damaged: ${damages.join('; ')}`
  if (!damages.every(isOfIndex)) return problem('integrity', message, RECOVER)
  return {
    ...problem('integrity', message, 'copy the file, then queuectl doctor --fix rebuilds the indexes'),
    async mend() {
      await db.write(() => db.exec('REINDEX'), { durable: true })
      return 'indexes rebuilt'
    },
  }
}

/** An index only repeats the content of the rows: it can be created again from them. */
const isOfIndex = (damage: string) => /missing from index|wrong # of entries in index/.test(damage)
