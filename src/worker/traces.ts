import { appendFileSync, readdirSync, readFileSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import type { Outcome } from '../domain/lifecycle.ts'
import { ensureFolder, runFolder } from '../platform/files.ts'

/** Written when a run has been started: how recovery finds its processes. */
export interface Trace {
  token: string
  job: string
  run: number
  pid: number | null
  start: string | null
  worker_id: string
}

/** Written when a run has ended, before the store is told: recovery applies it, and nothing runs again (R5). */
export interface Done {
  token: string
  outcome: Outcome
  run_ms: number
}

/**
 * What runs leave on this host's disk while they go on: one small file each, a line at the start and a line at the end. A
 * line is one write, which no kill can halve; a line that the disk did not take whole is no line.
 */
export interface Traces {
  start(trace: Trace): void
  done(done: Done): void
  forget(token: string): void
  /** Null when there is none, or none that can be trusted. */
  read(token: string): Trace | null
  readDone(token: string): Done | null
  tokens(): string[]
}

const TOKEN = /^[0-9a-z]{20}$/

/** The traces in the store's `folder` on this host. Throws `io` when the folder cannot be made. */
export function openTraces(folder: string): Traces {
  const home = runFolder(folder)
  ensureFolder(folder)
  ensureFolder(home)
  const file = (token: string) => path.join(home, checked(token))
  // The first newline closes a line of which a full disk took the beginning only.
  const append = (token: string, line: Trace | Done) =>
    appendFileSync(file(token), `\n${JSON.stringify(line)}\n`, { mode: 0o600 })
  // Tokens that are read come from stored rows, where anything may stand: what is none has left nothing.
  const lines = (token: string) => (TOKEN.test(token) ? parsed(file(token)).filter((line) => line.token === token) : [])

  return {
    start: (trace) => append(trace.token, trace),
    done: (done) => append(done.token, done),

    forget(token) {
      try {
        unlinkSync(file(token))
      } catch {
        // Gone already, or never written.
      }
    },

    read(token) {
      const trace = lines(token).find((line): line is Trace => 'worker_id' in line)
      if (trace === undefined) return null
      const known = Number.isInteger(trace.pid) && (trace.pid ?? 0) > 1 && typeof trace.start === 'string'
      return known ? trace : { ...trace, pid: null, start: null }
    },

    readDone: (token) =>
      lines(token).find((line): line is Done => 'outcome' in line && isOutcome(line.outcome)) ?? null,

    tokens: () => readdirSync(home).filter((name) => TOKEN.test(name)),
  }
}

/** Tokens become names of files: anything that we did not make up ourselves is refused. */
function checked(token: string): string {
  if (!TOKEN.test(token)) throw new RangeError(`not a token: ${JSON.stringify(token)}`)
  return token
}

function parsed(file: string): (Trace | Done)[] {
  try {
    return readFileSync(file, 'utf8').split('\n').flatMap(parse)
  } catch {
    return []
  }
}

function parse(line: string): (Trace | Done)[] {
  try {
    const value = JSON.parse(line)
    return typeof value === 'object' && value !== null ? [value] : []
  } catch {
    return []
  }
}

/** Whether it says what every outcome of its kind says: recovery settles by it. */
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
