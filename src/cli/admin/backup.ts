import path from 'node:path'
import { isShared } from '../../domain/store-address.ts'
import { bytes } from '../../domain/units.ts'
import { backupStore } from '../../store/open.ts'
import type { Context } from '../context.ts'
import { safe } from '../terminal/text.ts'
import { cleanly, jobCount, needSpace, sizeOf } from './copy-file.ts'

/** `backup`: copies the store to a file, also while workers run. */
export async function backup(context: Context, file: string, { force = false }: { force?: boolean }): Promise<void> {
  const { address } = await context.address()
  if (!isShared(address)) needSpace(file, sizeOf(address))
  const made = await cleanly(() => backupStore({ address, file: path.resolve(file), replace: force }))
  if (context.json) context.outJson(made)
  else context.out(safe(`${made.file} holds ${jobCount(made.jobs)} (${bytes(made.bytes)}, checked)`))
}
