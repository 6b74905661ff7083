import type { Context } from '../context.ts'
import { safe } from '../terminal/text.ts'

/** `init`: creates the store, also in a database that other programs use. */
export async function init(context: Context): Promise<void> {
  context.init = true
  context.create = true
  const { info } = await context.store()
  const { kind, label, folder, schema_version, engine } = info
  if (context.json) return context.outJson({ store: label, kind, engine, schema_version, folder })
  context.out(safe(`${label} is ready (${engine}, schema version ${schema_version})`))
}
