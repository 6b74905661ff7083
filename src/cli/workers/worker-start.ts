import { invalid } from '../../domain/errors.ts'
import { randomWord } from '../../domain/ids.ts'
import { parseSetting } from '../../domain/settings.ts'
import { sameStore } from '../../domain/store-address.ts'
import { parseDuration } from '../../domain/units.ts'
import { shedStartup } from '../../platform/memory.ts'
import { becomePrimary } from '../../platform/self.ts'
import { queueNames, workerCount } from '../arguments.ts'
import { BUILD, VERSION } from '../build-info.ts'
import type { Context } from '../context.ts'

export interface StartOptions {
  count: string
  concurrency?: string
  queue?: string[]
  grace?: string
  drain?: boolean
  timeout?: string
  detach?: boolean
  passStore?: boolean
}

/** `worker start`: supervises workers until they are stopped, or starts a detached supervisor. */
export async function startWorkers(options: StartOptions, context: Context): Promise<void> {
  becomePrimary()
  context.create = true
  const checked = await checkOptions(options, context)
  const id = process.env.QUEUECTL_SUPERVISOR ?? `s-${randomWord(8)}`
  if (options.detach) {
    const { startDetached } = await import('./detach.ts')
    return startDetached(context, id)
  }
  const { supervise } = await import('../../supervisor/supervisor.ts')
  const { eventPrinter } = await import('./event-log.ts')
  const { address } = await context.address()
  const store = await context.store('supervisor')
  keepFromChildren(address)
  const log = process.env.QUEUECTL_SUPERVISOR_LOG ?? null
  shedStartup()
  context.exit(
    await supervise({
      ...checked,
      id,
      store,
      address,
      log,
      version: VERSION,
      build: BUILD,
      report: eventPrinter(context.json),
    }),
  )
}

/**
 * Removes the store's address, which may hold a password, from the environment: all programs of the user can read it
 * there. Workers get it by message.
 */
function keepFromChildren(address: string): void {
  const { MONGODB_URI = '' } = process.env
  delete process.env.QUEUECTL_DB
  if (sameStore(MONGODB_URI, address)) delete process.env.MONGODB_URI
}

/** The checked options; the settings are their defaults. */
async function checkOptions(options: StartOptions, context: Context) {
  const count = workerCount(options.count, '--count', 1)
  if (options.timeout !== undefined && !options.drain)
    throw invalid('--timeout requires --drain', 'to limit a job, use enqueue --timeout')
  if (options.drain && options.detach) throw invalid('--drain and --detach exclude each other', 'omit one of them')
  const concurrency =
    options.concurrency === undefined ? null : (parseSetting('concurrency', options.concurrency) as number)
  const grace = options.grace === undefined ? null : (parseSetting('grace', options.grace) as number)
  const timeout = options.timeout === undefined ? null : parseDuration(options.timeout, '--timeout')
  const config = await context.config()
  return {
    config,
    count,
    timeout,
    concurrency: concurrency ?? config.concurrency,
    grace: grace ?? config.grace,
    queues: options.queue ? queueNames(options.queue) : null,
    drain: options.drain ?? false,
    pass_store: options.passStore ?? false,
  }
}
