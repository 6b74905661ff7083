import type { Command } from 'commander'
import { parseSetting } from '../../domain/config.ts'
import { parseDuration } from '../../domain/duration.ts'
import { invalid } from '../../domain/errors.ts'
import { sameStore } from '../../domain/store-address.ts'
import { randomWord } from '../../domain/token.ts'
import { shedStartup } from '../../platform/memory.ts'
import { becomePrimary } from '../../platform/primary.ts'
import type { Context } from '../context.ts'
import { queueNames, workerCount } from '../filters.ts'
import { BUILD, VERSION } from '../version.ts'

interface StartOptions {
  count: string
  concurrency?: string
  queue?: string[]
  grace?: string
  drain?: boolean
  timeout?: string
  detach?: boolean
  passStore?: boolean
}

/** `worker start`: supervises workers in the foreground, or detached from the terminal. */
export function registerWorkerStart(worker: Command, context: Context): void {
  worker
    .command('start')
    .description('start workers; in the foreground unless detached')
    .option('-n, --count <n>', 'workers', '1')
    .option('-c, --concurrency <n>', 'jobs that each worker runs at a time (default: the setting, 1)')
    .option('-q, --queue <names>', 'only jobs of these queues, separated by commas; may be repeated', collect)
    .option('--grace <time>', 'time that running jobs get when the workers stop (default: the setting, 20s)')
    .option('--drain', 'end when nothing is left to run, retries and delays included; exit 1 if a job died')
    .option('--timeout <time>', 'with --drain: end after this time anyway, exit 124')
    .option('--detach', 'give the terminal back when the workers are ready; log to a file')
    .option('--pass-store', 'let jobs see the address of a store that has a password')
    .addHelpText(
      'after',
      '\nExamples:\n  $ queuectl worker start --count 3\n  $ queuectl worker start --drain --timeout 10m',
    )
    .action((options: StartOptions) => start(options, context))
}

async function start(options: StartOptions, context: Context): Promise<void> {
  becomePrimary()
  context.create = true
  const wanted = await wants(options, context)
  const id = process.env.QUEUECTL_SUPERVISOR ?? `s-${randomWord(8)}`
  if (options.detach) {
    const { startDetached } = await import('../detach.ts')
    return startDetached(context, id)
  }
  const { supervise } = await import('../../supervisor/supervisor.ts')
  const { eventTeller } = await import('../events.ts')
  const { address } = await context.address()
  const store = await context.store('supervisor')
  keepFromChildren(address)
  const log = process.env.QUEUECTL_SUPERVISOR_LOG ?? null
  shedStartup()
  context.exit(
    await supervise({
      ...wanted,
      id,
      store,
      address,
      log,
      version: VERSION,
      build: BUILD,
      tell: eventTeller(context.json),
    }),
  )
}

/** The environment of workers, which everything that their user runs can read, is not to hold a password: they are told by message. */
function keepFromChildren(address: string): void {
  const { MONGODB_URI = '' } = process.env
  delete process.env.QUEUECTL_DB
  if (sameStore(MONGODB_URI, address)) delete process.env.MONGODB_URI
}

/** The options, checked, over the settings. */
async function wants(options: StartOptions, context: Context) {
  const count = workerCount(options.count, '--count', 1)
  if (options.timeout !== undefined && !options.drain)
    throw invalid('--timeout goes with --drain', 'jobs have a timeout of their own')
  if (options.drain && options.detach) throw invalid('--drain and --detach exclude each other', 'a drain is waited for')
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

function collect(text: string, before: string[] = []): string[] {
  return [...before, text]
}
