import type { ChildProcess } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import type { Job, NewJob, Run } from '../../src/domain/job.ts'
import type { AnyProcess, SupervisorRow, WorkerRow } from '../../src/domain/processes.ts'
import { platform } from '../../src/platform/platform.ts'
import { openStore } from '../../src/store/open.ts'
import type { JobStore } from '../../src/store/port.ts'
import { auditStore } from '../../src/views/audit-view.ts'
import { newJob } from '../contract/kit.ts'
import { type Host, type HostOptions, MARK, playHost, type Running } from './host.ts'
import { holdLock, type Lock } from './lock.ts'
import { killQuietly, lives, livingWith } from './processes.ts'
import type { Ended } from './queuectl.ts'
import { tempFolder } from './temp.ts'
import { waitFor } from './wait-for.ts'

export type { Host, Running }

/** A command line that ends once the test has called `go`, also on a busy machine. */
export const UNTIL_GO = 'until [ -e go ]; do sleep 0.05; done'

export interface SceneOptions {
  address?: string
  env?: Record<string, string>
}

/**
 * A store, read through the port, with supervisors as real processes: an SQLite file in a fresh folder, or the store at
 * `address`. `finish` ends every test: it proves that nothing is left.
 */
export class Scene {
  /** Where jobs run by default. */
  readonly home: string
  readonly address: string
  readonly store: JobStore
  readonly #children: ChildProcess[] = []
  readonly #hosts: Host[] = []

  static async open(options: SceneOptions = {}): Promise<Scene> {
    const home = tempFolder()
    const { address = path.join(home, 'queue.db'), env = {} } = options
    const store = await openStore({ address, role: 'command', data_folder: home, is_alive: () => false })
    return new Scene(home, address, store, env)
  }

  private constructor(home: string, address: string, store: JobStore, env: Record<string, string>) {
    this.home = home
    this.address = address
    this.store = store
    this.#play(home, { env })
  }

  /**
   * Another host, for a store that several may share: with a separate identity and data folder, so that the others
   * cannot inspect it. Its name is this machine's.
   */
  host(id: string, { env, ...options }: HostOptions = {}): Host {
    return this.#play(path.join(this.home, 'hosts', id), { ...options, env: { QUEUECTL_HOST_ID: id, ...env } })
  }

  start(...args: string[]): Promise<Running> {
    return this.#own.start(...args)
  }

  launch(...args: string[]): Running {
    return this.#own.launch(...args)
  }

  begin(...args: string[]): Running {
    return this.#own.begin(...args)
  }

  run(...args: string[]): Promise<Ended> {
    return this.#own.run(...args)
  }

  /** Stores a job and returns its id. */
  async add(command: string, spec: Partial<NewJob> = {}): Promise<string> {
    const once = { max_retries: 0, backoff_base: 1, backoff_max: 60 }
    const job = newJob({ command, ...once, origin_cwd: this.home, origin_host: null, ...spec })
    await this.store.insert({ jobs: [job] })
    return job.id
  }

  async job(id: string): Promise<Job> {
    const job = await this.store.get({ id })
    if (job === null) throw new Error(`no job ${id}`)
    return job
  }

  runs(id: string): Promise<Run[]> {
    return this.store.runs({ id })
  }

  /** Waits until the job's fields are as in `wanted`; an error shows the job and its runs. */
  until(id: string, wanted: Partial<Job>, within: number): Promise<Job> {
    let job: Job
    const fits = () => Object.entries(wanted).every(([key, value]) => job[key as keyof Job] === value)
    return waitFor(
      async () => {
        job = await this.job(id)
        return fits() ? job : null
      },
      // Slower polling: the stand-in for MongoDB must serve more than the tests.
      {
        within,
        every: this.store.info.shared ? 50 : 10,
        what: async () => JSON.stringify([wanted, job, await this.runs(id)]),
      },
    )
  }

  rows(): Promise<AnyProcess[]> {
    return this.store.processes()
  }

  async supervisors(): Promise<SupervisorRow[]> {
    return (await this.rows()).filter((row): row is SupervisorRow => row.kind === 'supervisor')
  }

  async workers(): Promise<WorkerRow[]> {
    return (await this.rows()).filter((row): row is WorkerRow => row.kind === 'worker')
  }

  /** The worker that holds a job, once its row is in the registry. */
  async holder(id: string): Promise<WorkerRow> {
    const { processing_by } = await this.until(id, { state: 'processing' }, 10_000)
    return waitFor(async () => (await this.workers()).find((row) => row.id === processing_by), {
      within: 10_000,
      what: 'the holder is registered',
    })
  }

  /** Lines that jobs wrote to `file` in the scene's folder. */
  lines(file: string): string[] {
    try {
      return readFileSync(path.join(this.home, file), 'utf8').split('\n').filter(Boolean)
    } catch {
      return []
    }
  }

  /**
   * Waits until jobs have written `count` lines to `file`. Others see a job as processing before its worker has the
   * answer to its claim, and long before its command has set a trap.
   */
  begun(file = 'ledger', count = 1): Promise<unknown> {
    return waitFor(() => this.lines(file).length >= count, { within: 10_000, what: `${count} lines in ${file}` })
  }

  /** Lets commands with UNTIL_GO continue. */
  go(): void {
    writeFileSync(path.join(this.home, 'go'), '')
  }

  /** Names of the journal files of runs on this host that still exist. */
  journalFiles(): string[] {
    return this.#own.journalFiles()
  }

  /** Holds an SQLite store's write lock until `release` is called. */
  lock(): Promise<Lock> {
    return holdLock(this.address, (child) => this.#children.push(child))
  }

  /** Stops what still runs and proves that no process, lease, registry row or journal file is left, on any host. */
  async finish(): Promise<void> {
    try {
      for (const host of this.#hosts) if ((await this.rows()).length > 0) await host.run('worker', 'stop', '--force')
      // At once: a process that has stopped, or settled a job, has proved that before.
      expect(this.carriers(), 'processes of jobs').to.deep.equal([])
      expect(await this.store.processing(), 'leases').to.deep.equal([])
      expect((await auditStore(this.store)).faults, 'faults in the run history').to.deep.equal([])
      await empties(() => this.rows(), 'registry rows')
      await empties(() => this.#hosts.flatMap((host) => host.journalFiles()), 'journal files')
      const left = () => this.#children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
      await waitFor(() => left().every(({ pid = 0 }) => !lives(pid)), { within: 3_000, what: 'our processes are gone' })
    } finally {
      for (const { pid = 0, exitCode, signalCode } of this.#children) {
        if (exitCode === null && signalCode === null) killQuietly(pid)
      }
      for (const pid of this.carriers()) killQuietly(pid)
      await this.store.close()
    }
  }

  /** Living processes whose environment shows that they belong to a job of this scene. */
  carriers(): number[] {
    const mark = `${MARK}=${this.home}`
    return livingWith(
      (entries) => entries.includes(mark) && entries.some((entry) => entry.startsWith('QUEUECTL_LEASE=')),
    )
  }

  get #own(): Host {
    return this.#hosts[0] as Host
  }

  #play(home: string, options: HostOptions = {}): Host {
    const { shared, folder } = this.store.info
    const host = playHost({
      home,
      folder: shared ? path.join(home, path.basename(folder)) : folder,
      address: this.address,
      scene: this.home,
      on_start: (child) => this.#children.push(child),
      ...options,
    })
    this.#hosts.push(host)
    return host
  }
}

/**
 * Opens a scene for `tell` and finishes it in any case. An error of `tell` is thrown, even if something is left because
 * of it, and `finish` fails too.
 */
export async function inScene(options: SceneOptions, tell: (scene: Scene) => Promise<void>): Promise<void> {
  const scene = await Scene.open(options)
  try {
    await tell(scene)
  } catch (error) {
    await scene.finish().catch((left) => console.error(left))
    throw error
  }
  await scene.finish()
}

/**
 * Waits until nothing of that kind is left: the last steps of a supervisor or worker may come a moment after the fact
 * that a test waited for.
 */
function empties(left: () => unknown[] | Promise<unknown[]>, what: string): Promise<unknown> {
  const tells = async () => `an end of ${what}: ${JSON.stringify(await left())}`
  return waitFor(async () => (await left()).length === 0, { within: 2_000, what: tells })
}

/** Whether the process of that row lives. */
export function isAlive(row: AnyProcess): boolean {
  return platform.liveness(row.identity) === 'alive'
}
