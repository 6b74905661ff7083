import mongoose from 'mongoose'
import { modelsOn } from '../../../src/store/mongo/models.ts'
import type { Report } from './documents.ts'

let known: Map<string, Set<string>> | null = null

/**
 * Reports the fields that an update of `collection` names and its schema does not; foreign collections are not checked.
 */
export function checkFields(collection: string, paths: readonly string[], report: Report): void {
  known ??= fieldsByCollection()
  const fields = known.get(collection)
  for (const path of fields ? paths : []) {
    const [root = ''] = path.split('.')
    if (!fields?.has(root)) report('field-unknown', `${collection}.${path}`)
  }
}

/** First parts of all paths. */
function fieldsByCollection(): Map<string, Set<string>> {
  const models = Object.values(modelsOn(mongoose.createConnection()))
  return new Map(
    models.map((model) => [
      model.collection.collectionName,
      new Set(Object.keys(model.schema.paths).map((path) => path.split('.')[0] ?? '')),
    ]),
  )
}
