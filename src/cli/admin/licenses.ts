import type { Context } from '../context.ts'

/** `licenses`: prints the licences of the program, its packages and Node. */
export async function licenses(context: Context): Promise<void> {
  // Loaded on demand, from a file beside the program or inside it.
  const { default: text } = await import('#licenses')
  if (context.json) context.outJson({ licenses: text })
  else context.out(text.trimEnd())
}
