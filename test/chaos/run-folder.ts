import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { environmentOf, livingWith } from '../helpers/processes.ts'

/** The folder of a chaos run, with all files that it creates. */
export class RunFolder {
  readonly folder: string
  readonly ledger: string
  /** Where kill points are armed. */
  readonly points: string
  /** Where jobs sign in. */
  readonly pids: string
  /** The output of the supervisors. */
  readonly log: string
  /** Environment of all processes that are started here. */
  readonly env: Record<string, string>

  constructor(address?: string) {
    this.folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'queuectl-chaos-')))
    this.ledger = path.join(this.folder, 'ledger')
    this.points = path.join(this.folder, 'points')
    this.pids = path.join(this.folder, 'pids')
    this.log = path.join(this.folder, 'supervisors.log')
    for (const folder of [this.points, this.pids]) mkdirSync(folder)
    writeFileSync(this.ledger, '')
    writeFileSync(this.log, '')
    this.env = {
      QUEUECTL_HOME: this.folder,
      QUEUECTL_DB: address ?? path.join(this.folder, 'queue.db'),
      QUEUECTL_KILL_POINTS: this.points,
      CHAOS_FOLDER: this.folder,
    }
  }

  get address(): string {
    return this.env.QUEUECTL_DB ?? ''
  }

  /** ID of the supervisor that has or had that pid, from its output at its start; null: none. */
  supervisorOf(pid: number): string | null {
    const said = readFileSync(this.log, 'utf8').matchAll(/"supervisor":"([^"]+)","pid":(\d+)/g)
    return [...said].findLast(([, , its]) => Number(its) === pid)?.[1] ?? null
  }

  /** Whether `pid` belongs to this run: it, or an ancestor, was started here. */
  owns(pid: number): boolean {
    return this.#marks(environmentOf(pid))
  }

  /** Living processes of this run: supervisors, workers and jobs. */
  processes(): number[] {
    return livingWith((entries) => this.#marks(entries))
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  #marks(environment: readonly string[]): boolean {
    return environment.includes(`CHAOS_FOLDER=${this.folder}`)
  }
}
