import { mongo } from 'mongoose'
import * as judge from '../helpers/strict-wire/judge.ts'
import { NOTES, noteReader } from '../helpers/strict-wire/notes.ts'
import { watchClients } from '../helpers/strict-wire/watch.ts'

/**
 * Has the commands of a chaos run held against MongoDB's rules, if STRICT_WIRE_NOTES names a file for what breaks them: those of this
 * process from now on, and of all that it starts from sources. Returns what has broken a rule since, once each.
 */
export function heldToRules(): () => string[] {
  const file = process.env[NOTES]
  if (!file) return () => []
  watchClients(mongo.MongoClient, () => judge)
  const news = noteReader(file)
  news()
  return () => [...new Set(news())]
}
