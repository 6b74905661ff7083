import path from 'node:path'
import { isShared } from '../../domain/store-address.ts'
import { platform } from '../../platform/platform.ts'
import { restoreStore } from '../../store/open.ts'
import type { Context } from '../context.ts'
import { confirmed } from '../terminal/confirm.ts'
import { safe } from '../terminal/text.ts'
import { cleanly, jobCount, needSpace, sizeOf } from './copy-file.ts'

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
  context.out(safe(`${address} holds ${jobCount(done.jobs)} of ${file}${ran}`))
  if (done.aside !== null) context.out(safe(`what it held before is in ${done.aside}`))
}
