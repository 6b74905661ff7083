import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SupervisorRow, WorkerRow } from '../../src/domain/processes.ts'
import { openStore } from '../../src/store/open.ts'
import type { JobStore } from '../../src/store/port.ts'
import { RunFolder } from '../chaos/run-folder.ts'
import { queuectl, startQueuectl } from '../helpers/queuectl.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { BOUNDS, type Bound, type Series } from './judge.ts'
import { bytesOf, familyOf, sizeOf, usageOf } from './sample.ts'
import { enqueue } from './work.ts'

/** Short, so that retention has to keep up too. */
const RETENTION = '20s'
const SAMPLE_MS = 1_000
/** The part of the time over which the work is spread; the rest is for delays. */
const SPREAD = 0.9
/** The most jobs that wait at a time. */
const DEPTH = 500

export interface SoakOptions {
  jobs: number
  minutes: number
  workers: number
}

export interface Soaked {
  series: Series[]
  seconds: number
  /** Jobs that completed: all must. */
  completed: number
  /** Workers that were replaced: none must be. */
  restarts: number
}

/** Keeps a supervisor and its workers busy, and records their use of resources once a second. */
export async function soak(options: SoakOptions, on_progress: (line: string) => void): Promise<Soaked> {
  const run_folder = new RunFolder()
  try {
    const set = await queuectl(['config', 'set', 'retention', RETENTION], { env: run_folder.env })
    if (set.code !== 0) throw new Error(set.stderr)
    const log = openSync(run_folder.log, 'a')
    const args = ['worker', 'start', '--count', String(options.workers)]
    const child = startQueuectl(args, { env: run_folder.env, at_most_ms: 0, stdio: ['ignore', log, log] })
    closeSync(log)
    try {
      return await new Soak(run_folder, child, options, on_progress).run()
    } finally {
      child.kill('SIGTERM')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }
  } finally {
    run_folder.remove()
  }
}

class Soak {
  readonly #run_folder: RunFolder
  readonly #child: ChildProcess
  readonly #options: SoakOptions
  readonly #on_progress: (line: string) => void
  readonly #series = new Map<string, { unit: Series['unit']; values: number[]; bound: Bound }>()
  #fed = 0

  constructor(run_folder: RunFolder, child: ChildProcess, options: SoakOptions, on_progress: (line: string) => void) {
    this.#run_folder = run_folder
    this.#child = child
    this.#options = options
    this.#on_progress = on_progress
  }

  async run(): Promise<Soaked> {
    const store = await openStore({ address: this.#run_folder.address, role: 'command', is_alive: () => false })
    try {
      await waitFor(async () => (await supervisor(store))?.state === 'running', { within: 20_000, what: 'workers' })
      const began = performance.now()
      await this.#work(store, began)
      const seconds = (performance.now() - began) / 1000
      const { done = 0, restarts = 0 } = (await supervisor(store)) ?? {}
      const series = [...this.#series].map(([name, rest]) => ({ name, ...rest }))
      return { series, seconds, completed: done, restarts }
    } finally {
      await store.close()
    }
  }

  async #work(store: JobStore, began: number): Promise<void> {
    const { jobs, minutes } = this.#options
    const until = began + minutes * 60_000
    const spread_ms = minutes * 60_000 * SPREAD
    for (let second = 1; performance.now() < until; second++) {
      if (this.#child.exitCode !== null) throw new Error(`the supervisor exited with ${this.#child.exitCode}`)
      const waiting = await left(store)
      const planned = Math.ceil((jobs * (performance.now() - began)) / spread_ms)
      // A slow machine gets fewer jobs: otherwise the queue would grow, and with it the figures.
      const wanted = Math.max(this.#fed, Math.min(jobs, planned, this.#fed - waiting + DEPTH))
      await enqueue(this.#run_folder.env, this.#fed, wanted)
      this.#fed = wanted
      // Not after the last job: an idle pool would look flat.
      if (wanted < jobs) await this.#sample(store)
      else if ((await left(store)) === 0) break
      if (second % 30 === 0)
        this.#on_progress(`${wanted} of ${jobs} jobs enqueued, ${await left(store)} of them waiting or running`)
      await sleep(Math.max(0, began + second * SAMPLE_MS - performance.now()))
    }
    // The count of completed jobs comes with the heartbeat.
    await waitFor(async () => ((await supervisor(store))?.done ?? 0) >= jobs || performance.now() > until, {
      within: 10_000,
      what: 'a heartbeat',
    }).catch(() => {})
  }

  async #sample(store: JobStore): Promise<void> {
    const { address } = this.#run_folder
    const { folder } = store.info
    const rows = await store.processes()
    const pids = rows.filter((row): row is WorkerRow => row.kind === 'worker').map(({ identity }) => identity.pid)
    this.#usage('supervisor', [this.#child.pid ?? 0])
    this.#usage('workers', pids)
    this.#add('write-ahead log', 'bytes', bytesOf(`${address}-wal`), BOUNDS.wal)
    this.#add('database', 'bytes', bytesOf(address), BOUNDS.database)
    const logs = sizeOf(path.join(folder, 'logs'))
    this.#add('logs', 'bytes', logs.bytes, BOUNDS.logs)
    this.#add('logs, files', 'count', logs.files, BOUNDS.logs)
    this.#add('run folder, files', 'count', sizeOf(path.join(folder, 'run')).files, BOUNDS.journal)
    const { processes, zombies } = familyOf(this.#child.pid ?? 0)
    this.#add('processes', 'count', processes, BOUNDS.family)
    this.#add('zombies', 'count', zombies, BOUNDS.zombies)
  }

  #usage(whose: string, pids: readonly number[]): void {
    const usages = pids.flatMap((pid) => usageOf(pid) ?? [])
    const sum = (key: keyof (typeof usages)[number]) => usages.reduce((total, usage) => total + usage[key], 0)
    this.#add(`${whose}, RSS`, 'bytes', sum('rss'), BOUNDS.memory)
    this.#add(`${whose}, PSS`, 'bytes', sum('pss'), BOUNDS.memory)
    this.#add(`${whose}, descriptors`, 'count', sum('descriptors'), BOUNDS.descriptors)
    this.#add(`${whose}, threads`, 'count', sum('threads'), BOUNDS.threads)
  }

  #add(name: string, unit: Series['unit'], value: number, bound: Bound): void {
    const series = this.#series.get(name) ?? { unit, values: [], bound }
    series.values.push(value)
    this.#series.set(name, series)
  }
}

async function supervisor(store: JobStore): Promise<SupervisorRow | undefined> {
  return (await store.processes()).find((row): row is SupervisorRow => row.kind === 'supervisor')
}

/** Jobs that are not final. */
async function left(store: JobStore): Promise<number> {
  const { ready, scheduled, retrying, processing } = (await store.overview()).total
  return ready + scheduled + retrying + processing
}
