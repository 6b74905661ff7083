import { misconfigured } from '../domain/errors.ts'
import { disown } from './self.ts'

/**
 * Sees to it that this process can fork workers; to be called before anything asks node:cluster. Node takes one that finds a
 * NODE_UNIQUE_ID, left over from another Node, for a worker, which cannot: then the program begins again without it. And of
 * NODE_CHANNEL_SERIALIZATION_MODE our workers would read what is left over in place of ours, and understand nothing.
 */
export function becomePrimary(): void {
  // Node itself takes out the former, unless it is empty, which is as good as any.
  for (const name of ['NODE_UNIQUE_ID', 'NODE_CHANNEL_SERIALIZATION_MODE']) delete process.env[name]
  if (!process.getBuiltinModule('node:cluster').isWorker) return
  disown()
  throw misconfigured('another Node left NODE_UNIQUE_ID in the environment', 'start workers without it')
}
