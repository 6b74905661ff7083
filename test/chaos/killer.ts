import { readdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { EXIT } from '../../src/domain/errors.ts'
import type { AnyProcess, WorkerRow } from '../../src/domain/processes.ts'
import { environmentOf, killQuietly, lives, parentOf, startOf } from '../helpers/processes.ts'
import { uptime } from './ledger.ts'
import type { KillKind, PlannedKill } from './plan.ts'
import type { RunFolder } from './run-folder.ts'
import type { Registry } from './seen-processes.ts'

/** One action on a process, mostly its death. */
export interface Kill {
  /** Seconds since boot. */
  at: number
  kind: KillKind
  /** The kill point at which it died. */
  point: string | null
  pid: number
  /** Of a supervisor or worker. */
  id: string | null
  /** Of the run whose shell it was, or that reached the kill point. */
  token: string | null
  /** Seconds for which it was frozen; null: it was not. */
  frozen_s: number | null
}

/** Kills by the plan and keeps a list of the kills. Pids come from the registry and are verified first. */
export class Killer {
  readonly kills: Kill[] = []
  /** Frozen processes, by pid, and the timer that ends the freeze. */
  readonly #frozen = new Map<number, { row: AnyProcess; timer: NodeJS.Timeout }>()
  readonly #run_folder: RunFolder
  readonly #registry: Registry

  constructor(run_folder: RunFolder, registry: Registry) {
    this.#run_folder = run_folder
    this.#registry = registry
    process.once('exit', () => this.thaw())
  }

  /** How many processes we killed. */
  get killed(): number {
    return this.kills.filter(isDeath).length
  }

  /** Performs a planned kill. Returns false if it has no victim at the moment. */
  perform({ kind, point, chance, seconds = 0 }: PlannedKill): boolean {
    switch (kind) {
      case 'point':
        writeFileSync(path.join(this.#run_folder.points, point ?? ''), '')
        return true
      case 'worker':
        return this.#killRow(kind, chosen(this.#living('worker'), chance))
      case 'supervisor':
        return this.#killRow(kind, chosen(this.#living('supervisor'), chance))
      case 'stop':
        return this.#killRow(kind, chosen(this.#living('supervisor'), chance), 'SIGTERM')
      case 'freeze':
        return this.#freeze(chance, seconds)
      case 'household':
        return this.#killHousehold(chosen(this.#living('supervisor'), chance))
      case 'shell':
        return this.#killShell(chance)
      case 'server':
        return false
    }
  }

  /** Records the deaths at kill points since the last call. */
  notePoints(): void {
    for (const name of readdirSync(this.#run_folder.points)) {
      const [point = '', pid, worker, token] = name.split('.')
      if (pid === undefined) continue
      const file = path.join(this.#run_folder.points, name)
      const age_ms = Math.max(0, Date.now() - statSync(file).ctimeMs)
      unlinkSync(file)
      const id = worker || this.#run_folder.supervisorOf(Number(pid))
      this.#note({ kind: 'point', point, pid: Number(pid), id, token: token || null }, uptime() - age_ms / 1000)
    }
  }

  /** Removes the kill points that no process reached. Returns how many. */
  disarm(): number {
    this.notePoints()
    const left = readdirSync(this.#run_folder.points)
    for (const name of left) unlinkSync(path.join(this.#run_folder.points, name))
    return left.length
  }

  /** Ends all freezes. */
  thaw(): void {
    for (const pid of this.#frozen.keys()) this.#thaw(pid)
  }

  /** Whether that supervisor was asked to stop, or found no server at its start. */
  mayEnd(pid: number, code: number | null): boolean {
    const stopped = this.kills.some((kill) => kill.kind === 'stop' && kill.pid === pid)
    return stopped || (code === EXIT.unreachable && this.kills.some(({ kind }) => kind === 'server'))
  }

  /** Records the death of the MongoDB server. */
  noteServer(pid: number): void {
    this.#note({ kind: 'server', pid })
  }

  #living<K extends AnyProcess['kind']>(kind: K): Extract<AnyProcess, { kind: K }>[] {
    return this.#registry.rows.filter(
      (row): row is Extract<AnyProcess, { kind: K }> => row.kind === kind && this.#verified(row),
    )
  }

  #verified({ identity: { pid, start } }: AnyProcess): boolean {
    return lives(pid) && quietly(() => startOf(pid)) === start && this.#run_folder.owns(pid)
  }

  #killRow(kind: KillKind, row: AnyProcess | undefined, signal: NodeJS.Signals = 'SIGKILL'): boolean {
    if (row === undefined) return false
    this.#kill({ kind, pid: row.identity.pid, id: row.id }, signal)
    return true
  }

  #freeze(chance: number, seconds: number): boolean {
    const living = [...this.#living('supervisor'), ...this.#living('worker')]
    const row = chosen(
      living.filter(({ identity }) => !this.#frozen.has(identity.pid)),
      chance,
    )
    if (row === undefined) return false
    const { pid } = row.identity
    this.#kill({ kind: 'freeze', pid, id: row.id, frozen_s: seconds }, 'SIGSTOP')
    this.#frozen.set(pid, { row, timer: setTimeout(() => this.#thaw(pid), seconds * 1000) })
    return true
  }

  #thaw(pid: number): void {
    const frozen = this.#frozen.get(pid)
    if (frozen === undefined) return
    clearTimeout(frozen.timer)
    this.#frozen.delete(pid)
    if (this.#verified(frozen.row)) killQuietly(pid, 'SIGCONT')
  }

  #killHousehold(supervisor: AnyProcess | undefined): boolean {
    const workers = this.#living('worker').filter((row: WorkerRow) => row.supervisor_id === supervisor?.id)
    for (const row of [supervisor, ...workers]) this.#killRow('household', row)
    return supervisor !== undefined
  }

  /** A shell is the child of a worker that carries a run's token. */
  #killShell(chance: number): boolean {
    const workers = new Set(this.#living('worker').map(({ identity }) => identity.pid))
    const shells = this.#run_folder.processes().flatMap((pid) => {
      const token = environmentOf(pid).find((variable) => variable.startsWith('QUEUECTL_LEASE='))
      return token !== undefined && workers.has(quietly(() => parentOf(pid)) ?? 0)
        ? { pid, token: token.slice(token.indexOf('=') + 1) }
        : []
    })
    const shell = chosen(shells, chance)
    if (shell === undefined) return false
    this.#kill({ kind: 'shell', ...shell })
    return true
  }

  #kill(kill: Partial<Kill> & Pick<Kill, 'kind' | 'pid'>, signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#note(kill)
    killQuietly(kill.pid, signal)
  }

  #note(kill: Partial<Kill> & Pick<Kill, 'kind' | 'pid'>, at = uptime()): void {
    this.kills.push({ point: null, id: null, token: null, frozen_s: null, ...kill, at })
  }
}

/** Whether a process dies of it. */
export function isDeath({ kind }: Kill): boolean {
  return kind !== 'stop' && kind !== 'freeze'
}

function chosen<T>(items: readonly T[], chance: number): T | undefined {
  return items[Math.floor(chance * items.length)]
}

/** The result of `read`; null: the process is gone. */
function quietly<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}
