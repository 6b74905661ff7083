import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { collect, type Ended, queuectl, startQueuectl } from './queuectl.ts'
import { waitFor } from './wait-for.ts'

/** In the environment of everything that a scene starts, jobs included: jobs may not have the address of the store. */
export const MARK = 'SCENE_OF_TESTS'

/** A supervisor, or another command, as a test sees it: a real process, and its output. */
export interface Running {
  child: ChildProcess & { pid: number }
  ended: Promise<Ended>
  /** Its stdout and stderr so far. */
  said: () => string
  warned: () => string
}

/** The options for commands of one host. */
export interface HostOptions {
  /** In addition to the host's identity, its data folder and the store's address. */
  env?: Record<string, string>
  /** A command that runs the program, like `ip netns exec a`. */
  through?: readonly string[]
  /** Milliseconds after which a command is killed. */
  at_most_ms?: number
}

/** A host of a scene: this machine, or one that it simulates. */
export interface Host {
  /** Its data folder. */
  home: string
  /** Where its supervisors keep logs and the journal of the scene's store. */
  folder: string
  /** Runs `worker start` with `args` and waits until it reports that its workers are ready. */
  start(...args: string[]): Promise<Running>
  launch(...args: string[]): Running
  /** Starts a command and leaves it running. */
  begin(...args: string[]): Running
  /** Runs a command to its end. */
  run(...args: string[]): Promise<Ended>
  /** Names of the journal files of runs that still exist. */
  journalFiles(): string[]
}

interface HostParams extends HostOptions, Pick<Host, 'home' | 'folder'> {
  address: string
  /** Where commands run and jobs write their files; it marks what the scene starts. */
  scene: string
  on_start: (child: ChildProcess) => void
}

/** Tests stop their supervisors; this kills those of a test that was killed itself. */
const SUPERVISOR_MS = 600_000

/** One after the other: a dozen at once would slow each other down. */
let starting: Promise<unknown> = Promise.resolve()

/** The host with the data folder in `home`. */
export function playHost({ home, folder, address, scene, on_start, env, through = [], at_most_ms }: HostParams): Host {
  mkdirSync(home, { recursive: true })
  const options = {
    cwd: scene,
    env: { QUEUECTL_HOME: home, QUEUECTL_DB: address, [MARK]: scene, ...env },
    through,
    ...(at_most_ms === undefined ? {} : { at_most_ms }),
  }
  const launch = (...args: string[]) => begin('worker', 'start', ...args)
  const begin = (...args: string[]): Running => {
    const child = startQueuectl(args, { at_most_ms: SUPERVISOR_MS, ...options })
    on_start(child)
    const output = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream]?.on('data', (chunk) => {
        output[stream] += chunk
      })
    }
    return {
      child: child as Running['child'],
      ended: collect(child),
      said: () => output.stdout,
      warned: () => output.stderr,
    }
  }
  return {
    home,
    folder,
    launch,
    begin,
    start(...args) {
      const started = starting.then(async () => {
        const running = launch(...args)
        await waitFor(() => /ready; stop with/.test(running.said()), { within: 30_000, what: 'the workers are ready' })
        return running
      })
      starting = started.catch(() => {})
      return started
    },
    run: (...args) => queuectl(args, options),
    journalFiles() {
      const run = path.join(folder, 'run')
      return existsSync(run) ? readdirSync(run).filter((name) => !name.endsWith('.spare')) : []
    },
  }
}
