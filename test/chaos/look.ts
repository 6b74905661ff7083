import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '../../src/store/open.ts'
import type { JobStore } from '../../src/store/port.ts'
import { environmentOf, killQuietly, lives, startOf } from '../helpers/processes.ts'
import { queuectl } from '../helpers/queuectl.ts'
import type { Recorded } from './balance.ts'
import { readLedger } from './ledger.ts'
import type { RunFolder } from './run-folder.ts'

/** Processes that outlive their jobs or workers have this long to exit. */
const ORPHANS_MS = 5_000
const CHECK_MS = 100

/** What remains after the stop. */
export interface Remains {
  /** Processes, described. */
  orphans: string[]
  /** Numbers of registry rows, leases and journal files. */
  rows: number
  leases: number
  journal: number
  integrity: string
  /** The findings of `queuectl audit`; null: none. */
  audit: string | null
}

/** Reads the jobs `ids` and their runs from the store. */
export async function recordsOf(
  run_folder: RunFolder,
  ids: Iterable<string>,
): Promise<{ records: Map<string, Recorded>; runs_kept: number | null }> {
  const records = new Map<string, Recorded>()
  await using store = await opened(run_folder)
  for (const id of ids) {
    const job = await store.get({ id })
    if (job !== null) records.set(id, { job, runs: await store.runs({ id }) })
  }
  return { records, runs_kept: store.info.runs_kept }
}

/** Finds what remains after the stop, and kills the remaining processes. */
export async function remainsOf(run_folder: RunFolder): Promise<Remains> {
  const orphans = await orphansOf(run_folder)
  await using store = await opened(run_folder)
  const { shared, folder } = store.info
  const run = path.join(folder, 'run')
  const remains = {
    orphans: orphans.map(described),
    rows: (await store.processes()).length,
    leases: (await store.processing()).length,
    journal: existsSync(run) ? readdirSync(run).filter((name) => !name.endsWith('.spare')).length : 0,
    audit: await auditOf(run_folder),
    integrity: shared ? await countsAgree(store) : integrityOf(run_folder.address),
  }
  for (const pid of orphans) killQuietly(pid)
  return remains
}

/** Living processes with the mark of the run in their environment, and those in the ledger, with any environment. */
async function orphansOf(run_folder: RunFolder): Promise<number[]> {
  const { lines } = readLedger(run_folder.ledger)
  const known = new Map(lines.map(({ pid, started }) => [`${pid} ${started}`, pid]))
  const living = () => {
    const signed = [...known].filter(([key, pid]) => lives(pid) && key === `${pid} ${startQuietly(pid)}`)
    return [...new Set([...run_folder.processes(), ...signed.map(([, pid]) => pid)])]
  }
  for (let left = ORPHANS_MS; left > 0 && living().length > 0; left -= CHECK_MS) await sleep(CHECK_MS)
  return living()
}

async function auditOf({ env }: RunFolder): Promise<string | null> {
  const { code, stdout, stderr } = await queuectl(['audit'], { env })
  return code === 0 ? null : `${stdout}${stderr}`.trim()
}

function startQuietly(pid: number): string {
  try {
    return startOf(pid)
  } catch {
    return ''
  }
}

function described(pid: number): string {
  const about = environmentOf(pid).filter((variable) => /^QUEUECTL_(JOB_ID|RUN|LEASE|WORKER)=/.test(variable))
  return `process ${pid}: ${about.join(' ') || 'no job'}`
}

function integrityOf(file: string): string {
  using db = new DatabaseSync(file, { readOnly: true })
  return db
    .prepare('PRAGMA integrity_check')
    .all()
    .map((row) => String(row.integrity_check))
    .join('; ')
}

/** A server checks its own files; from here only the agreement of counts and jobs can be checked. */
async function countsAgree(store: JobStore): Promise<string> {
  const { total } = await store.overview()
  const counted = Object.values(total).reduce((sum, count) => sum + count, 0)
  let found = 0
  for (let after: string | undefined; ; ) {
    const page = await store.list({ sort: 'oldest', limit: 1000, ...(after === undefined ? {} : { after }) })
    found += page.length
    after = page.at(-1)?.id
    if (after === undefined) break
  }
  return found === counted ? 'ok' : `${counted} jobs counted, ${found} found`
}

async function opened({ address, folder }: RunFolder): Promise<JobStore & AsyncDisposable> {
  const store = await openStore({ address, role: 'command', data_folder: folder, is_alive: () => false })
  return { ...store, [Symbol.asyncDispose]: () => store.close() }
}
