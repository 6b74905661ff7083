import { closeSync, constants, openSync, readdirSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs'
import path from 'node:path'
import { isToken } from '../domain/ids.ts'
import type { Outcome } from '../domain/outcome.ts'
import { ensureFolder } from '../lib/fs.ts'

/** Written when a run has been started: recovery finds its processes by it. */
export interface RunStart {
  token: string
  job: string
  run: number
  pid: number | null
  start: string | null
  worker_id: string
}

/** Written when a run has ended, before the store is updated: recovery applies it, and nothing runs again (R5). */
export interface RunEnd {
  token: string
  outcome: Outcome
  run_ms: number
}

/**
 * What runs write to this host's disk while they go on: one small file each, a line for the start and a line for the
 * end. A line is one write, which no kill can split; a line that the disk did not accept completely is ignored.
 */
export interface RunJournal {
  start(run: RunStart): void
  /** Records the owner of a run before it is taken over, for a process that takes it over from that owner in turn. */
  owned(owner: Pick<RunStart, 'token' | 'worker_id'>): void
  done(done: RunEnd): void
  forget(token: string): void
  /** Null when no entry exists, or none that can be trusted. */
  read(token: string): RunStart | null
  readDone(token: string): RunEnd | null
  tokens(): string[]
}

/** Position of the line for the end. The line for the start, and the one for the owner, are at most half as long. */
const DONE_AT = 1024
const OWNED_AT = 512

/** Files of past runs, for the next ones; removed when this process exits. */
const spares = new Set<string>()
let removes_spares = false

/**
 * The journal in the store's `folder` on this host. Throws `io` when the folder cannot be created. A file is reused for
 * the next run, under that run's token: creating and removing one costs up to ten times as much as renaming it (350 and
 * 40 µs measured). Lines of another token that the file still contains are not read.
 */
export function openRunJournal(folder: string): RunJournal {
  const home = runFolder(folder)
  ensureFolder(folder)
  ensureFolder(home)
  removeSpares(home)
  const own = new Set<string>()
  const free: string[] = []
  const file = (token: string) => path.join(home, checked(token))
  // Only a token can have an entry.
  const lines = (token: string) => (isToken(token) ? parsed(file(token)).filter((line) => line.token === token) : [])

  return {
    start(run) {
      const target = file(run.token)
      reuse(free.pop(), target)
      own.add(run.token)
      writeLine(target, run, 0)
    },

    // Apart from the other lines: the worker that started the run may be alive, and write.
    owned: ({ token, worker_id }) => writeLine(file(token), { token, worker_id }, OWNED_AT),

    done: (done) => writeLine(file(done.token), done, DONE_AT),

    forget(token) {
      if (!isToken(token)) return
      if (!own.delete(token)) return remove(file(token))
      const spare = keepSpare(file(token))
      if (spare !== null) free.push(spare)
    },

    read(token) {
      const run = lines(token).find(
        (line): line is RunStart => 'worker_id' in line && typeof line.worker_id === 'string',
      )
      if (run === undefined) return null
      const known = Number.isInteger(run.pid) && (run.pid ?? 0) > 1 && typeof run.start === 'string'
      return known ? run : { ...run, pid: null, start: null }
    },

    readDone: (token) =>
      lines(token).find((line): line is RunEnd => 'outcome' in line && isOutcome(line.outcome)) ?? null,

    tokens: () => readdirSync(home).filter(isToken),
  }
}

/** Folder of the run journal. */
export function runFolder(folder: string): string {
  return path.join(folder, 'run')
}

/** Tokens become file names: anything that we did not generate is refused. */
function checked(token: string): string {
  if (!isToken(token)) throw new RangeError(`not a token: ${JSON.stringify(token)}`)
  return token
}

/** Writes a line in one call, separated on both sides from what the file contained before. */
function writeLine(file: string, line: Pick<RunStart, 'token' | 'worker_id'> | RunEnd, at: number): void {
  const { O_CREAT, O_WRONLY, O_NOFOLLOW = 0 } = constants
  const fd = openSync(file, O_CREAT | O_WRONLY | O_NOFOLLOW, 0o600)
  try {
    writeSync(fd, `\n${JSON.stringify(line)}\n`, at)
  } finally {
    closeSync(fd)
  }
}

function keepSpare(file: string): string | null {
  const spare = `${file}.spare`
  try {
    renameSync(file, spare)
  } catch {
    return null
  }
  spares.add(spare)
  if (!removes_spares) process.once('exit', () => spares.forEach(remove))
  removes_spares = true
  return spare
}

function reuse(spare: string | undefined, file: string): void {
  if (spare === undefined) return
  spares.delete(spare)
  try {
    renameSync(spare, file)
  } catch {
    // The file was deleted meanwhile: create it again.
  }
}

/** Removes spare files of killed processes, and some of living ones, which then create files again. */
function removeSpares(home: string): void {
  for (const name of readdirSync(home)) if (name.endsWith('.spare')) remove(path.join(home, name))
}

function remove(file: string): void {
  try {
    unlinkSync(file)
  } catch {
    // Already removed, or never written.
  }
}

function parsed(file: string): (RunStart | RunEnd)[] {
  try {
    return readFileSync(file, 'utf8').split('\n').flatMap(parse)
  } catch {
    return []
  }
}

function parse(line: string): (RunStart | RunEnd)[] {
  try {
    const value = JSON.parse(line)
    return typeof value === 'object' && value !== null ? [value] : []
  } catch {
    return []
  }
}

/** Whether it has all parts of an outcome of its kind: recovery settles by it. */
function isOutcome(outcome: Partial<Record<string, unknown>> | null): boolean {
  switch (outcome?.kind) {
    case 'exit':
      return Number.isInteger(outcome.exit_code)
    case 'signal':
      return typeof outcome.signal === 'string'
    case 'cannot_start':
      return typeof outcome.message === 'string'
    case 'timeout':
    case 'cancelled':
      return outcome.exit_code === null || Number.isInteger(outcome.exit_code)
    case 'released':
    case 'interrupted':
      return typeof outcome.cause === 'string'
    default:
      return false
  }
}
