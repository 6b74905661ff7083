import { QueuectlError } from '../domain/errors.ts'
import { isShared } from '../domain/store-address.ts'
import { BEYOND_GRACE_MS } from '../domain/timing.ts'
import { within } from '../lib/async.ts'
import { TailUploader } from '../logs/tail-uploader.ts'
import { shedStartup } from '../platform/memory.ts'
import { platform } from '../platform/platform.ts'
import { SpaceWatch } from '../platform/space.ts'
import { openRunJournal } from '../runs/journal.ts'
import { openStore } from '../store/open.ts'
import { openChannel } from './channel.ts'
import { withSpaceGuard } from './claims.ts'
import { startLeaseRenewal } from './lease-renewal.ts'
import type { ToWorker, WorkerSetup } from './messages.ts'
import { Worker } from './worker.ts'

/**
 * The life of a forked worker: hello, setup, work, bye. `build` identifies this build of the program. Ends the process.
 */
export async function runWorker(build: string): Promise<void> {
  // Ctrl-C and a closing terminal reach every process of the foreground group; only the supervisor decides what they
  // mean.
  process.on('SIGINT', () => {})
  process.on('SIGHUP', () => {})
  const inbox = new Inbox()
  const channel = openChannel({ on_message: (message) => inbox.put(message), on_orphaned: () => inbox.orphaned() })
  process.on('SIGTERM', () => inbox.put({ type: 'drain', grace_ms: inbox.grace_ms }))
  channel.send({ type: 'hello', build })
  const setup = await inbox.setup
  try {
    await work(setup, channel, inbox)
  } catch (error) {
    const exit_code = error instanceof QueuectlError ? error.exit_code : 70
    channel.send({ type: 'failed', message: (error as Error).message, exit_code })
    process.exitCode = exit_code
  }
  await channel.end()
  process.exit()
}

async function work(setup: WorkerSetup, channel: ReturnType<typeof openChannel>, inbox: Inbox): Promise<void> {
  const { address, settings, id } = setup
  const store = await openStore({
    address,
    role: 'worker',
    durability: settings.durability,
    ...(isShared(address) && { data_folder: platform.dataFolder() }),
    is_alive: isAlive,
  })
  const on_trouble = (message: string) => channel.send({ type: 'trouble', message })
  const outputs = new TailUploader({ store, settings, on_trouble })
  const space = new SpaceWatch(store.info.paths, settings)
  const worker = new Worker(withSpaceGuard(store, space), setup, channel, openRunJournal(store.info.folder), outputs)
  const renewal = startLeaseRenewal({
    store,
    worker_id: id,
    lease_ms: setup.lease_ms,
    tokens: () => worker.tokens(),
    on_renewed: ({ lost, cancelled }, tokens, asked_at) => {
      worker.lose(lost)
      worker.renewed(
        tokens.filter((token) => !lost.includes(token)),
        asked_at,
      )
      worker.cancel(cancelled)
    },
    on_trouble,
  })
  inbox.open((message) => {
    switch (message.type) {
      case 'ping':
        if (message.beats) renewal.heartbeat()
        return channel.send({ type: 'pong', jobs: worker.jobs(), idle: worker.idle })
      case 'renewed':
        return worker.renewed(message.tokens, message.asked_at)
      case 'wake_up':
        return worker.wake()
      case 'drain':
        return worker.drain(message.grace_ms)
      case 'end_jobs':
        worker.drain(0)
        return worker.endJobs(message.signal)
      case 'cancel':
        return worker.cancel(message.tokens)
      case 'lost':
        return worker.lose(message.tokens)
      case 'settings':
        return void Object.assign(settings, message.settings)
      case 'orphaned':
        store.syncEveryCommit()
        return worker.drain(setup.grace * 1000)
    }
  })
  channel.send({ type: 'ready' })
  shedStartup()
  await worker.work()
  renewal.stop()
  await outputs.close()
  // Nobody else removes an orphan's row from the registry before a supervisor runs here again. The row stays while the
  // store misses a result of this worker: it shows that the owner is dead, so that the result can be applied at once
  // (R5).
  if (inbox.is_orphaned && worker.settled) {
    const leave = worker.claims.releaseUnheard().then(() => store.deregister({ ids: [id] }))
    await within(BEYOND_GRACE_MS, leave).catch(() => {})
  }
  await store.close()
  channel.send({ type: 'bye', killed: worker.killed, released: worker.released })
}

type Event = ToWorker | { type: 'orphaned' }

/** Keeps messages until the worker can act on them. */
class Inbox {
  readonly setup: Promise<WorkerSetup>
  grace_ms = 0
  is_orphaned = false
  #act: ((event: Event) => void) | null = null
  #held: Event[] = []
  #begin: (setup: WorkerSetup) => void = () => {}

  constructor() {
    this.setup = new Promise((resolve) => {
      this.#begin = resolve
    })
  }

  put(event: Event): void {
    if (event.type === 'setup') {
      this.grace_ms = event.setup.grace * 1000
      this.#begin(event.setup)
    } else if (this.#act === null) this.#held.push(event)
    else this.#act(event)
  }

  /** The supervisor has died: without a setup the worker holds nothing and exits. */
  orphaned(): void {
    this.is_orphaned = true
    if (this.#act === null && this.grace_ms === 0) process.exit(0)
    this.put({ type: 'orphaned' })
  }

  open(act: (event: Event) => void): void {
    this.#act = act
    for (const event of this.#held) act(event)
    this.#held = []
  }
}

const isAlive = (identity: Parameters<typeof platform.liveness>[0]) => platform.liveness(identity) === 'alive'
