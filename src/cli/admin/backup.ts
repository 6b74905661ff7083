import { statSync } from 'node:fs'
import path from 'node:path'
import { EXIT, ioError } from '../../domain/errors.ts'
import { isShared } from '../../domain/store-address.ts'
import { bytes } from '../../domain/units.ts'
import { platform } from '../../platform/platform.ts'
import { backupStore, restoreStore } from '../../store/open.ts'
import type { Context } from '../context.ts'
import { confirmed } from '../terminal/confirm.ts'
import { safe } from '../terminal/text.ts'

/** `backup`: a copy of the store, also while workers run. */
export async function backup(context: Context, file: string, { force = false }: { force?: boolean }): Promise<void> {
  const { address } = await context.address()
  if (!isShared(address)) needSpace(file, sizeOf(address))
  const made = await cleanly(() => backupStore({ address, file: path.resolve(file), replace: force }))
  if (context.json) context.outJson(made)
  else context.out(safe(`${made.file} holds ${jobs(made.jobs)} (${bytes(made.bytes)}, checked)`))
}

/** `restore`: a backup in the place of what the store holds, which is kept aside. Asks first on a terminal. */
export async function restore(
  context: Context,
  file: string,
  { force = false, yes = false }: { force?: boolean; yes?: boolean },
): Promise<void> {
  const { address } = await context.address()
  if (!isShared(address)) {
    const question = `Put ${file} in the place of ${address}, which is kept aside?`
    if (!(await confirmed(context, safe(question), yes))) return context.note('nothing changed')
    // The backup made ready, the same again on its way into the store, and what is kept aside.
    needSpace(address, 2 * sizeOf(file) + sizeOf(address))
  }
  const { liveness } = platform
  const done = await cleanly(() => restoreStore({ address, file: path.resolve(file), force, liveness }))
  if (context.json) return context.outJson({ store: address, ...done })
  const ran = done.released > 0 ? `; ${done.released} that were running are pending again` : ''
  context.out(safe(`${address} holds ${jobs(done.jobs)} of ${file}${ran}`))
  if (done.aside !== null) context.out(safe(`what it held before is in ${done.aside}`))
}

/** Ctrl-C leaves nothing half-written: what is in the making is removed when the process ends by itself. */
async function cleanly<T>(work: () => Promise<T>): Promise<T> {
  const end = (signal: NodeJS.Signals) => process.exit(signal === 'SIGINT' ? EXIT.cancelled : 143)
  process.once('SIGINT', end).once('SIGTERM', end)
  try {
    return await work()
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end)
  }
}

/** Of a database with its log; 0 when there is none. */
function sizeOf(file: string): number {
  return ['', '-wal'].reduce((sum, end) => sum + (statSync(file + end, { throwIfNoEntry: false })?.size ?? 0), 0)
}

function needSpace(file: string, size: number): void {
  const free = platform.freeSpace(file)
  if (free === null || free >= size) return
  const folder = path.dirname(path.resolve(file))
  throw ioError(
    `this takes ${bytes(size)} in ${folder}, where ${bytes(free)} are free`,
    'make room, or choose another place',
  )
}

const jobs = (count: number) => `${count} job${count === 1 ? '' : 's'}`
