import path from 'node:path'
import { isShared } from '../../domain/store-address.ts'
import { platform } from '../../platform/platform.ts'
import { restoreStore } from '../../store/open.ts'
import type { Context } from '../context.ts'
import { confirmed } from '../terminal/confirm.ts'
import { safe } from '../terminal/text.ts'
import { cleanly, jobCount, needSpace, sizeOf } from './copy-file.ts'

/** `restore`: replaces the store with a backup and keeps the old file. Asks first on a terminal. */
export async function restore(
  context: Context,
  file: string,
  { force = false, yes = false }: { force?: boolean; yes?: boolean },
): Promise<void> {
  const { address } = await context.address()
  if (!isShared(address)) {
    const question = `Replace ${address} with ${file}? The old file is kept.`
    if (!(await confirmed(context, safe(question), yes))) return context.note('nothing changed')
    // The prepared backup, its copy into the store, and the old file.
    needSpace(address, 2 * sizeOf(file) + sizeOf(address))
  }
  const { liveness } = platform
  const done = await cleanly(() => restoreStore({ address, file: path.resolve(file), force, liveness }))
  if (context.json) return context.outJson({ store: address, ...done })
  const ran =
    done.released > 0
      ? `; ${jobCount(done.released)} that had been running ${done.released === 1 ? 'is' : 'are'} pending again`
      : ''
  context.out(safe(`${address} now holds ${jobCount(done.jobs)} from ${file}${ran}`))
  if (done.aside !== null) context.out(safe(`the old file is ${done.aside}`))
}
