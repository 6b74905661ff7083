import type { Context } from '../context.ts'

/** `licenses`: of the program, of the packages in it, and of Node. */
export async function licenses(context: Context): Promise<void> {
  // Read when it is asked for: a file beside the program or inside of it.
  const { default: text } = await import('#licenses')
  if (context.json) context.outJson({ licenses: text })
  else context.out(text.trimEnd())
}
