import { mongo } from 'mongoose'
import * as judge from '../helpers/strict-wire/judge.ts'
import { NOTES, noteReader } from '../helpers/strict-wire/notes.ts'
import { watchClients } from '../helpers/strict-wire/watch.ts'

/**
 * Checks the commands of a chaos run against MongoDB's rules, if STRICT_WIRE_NOTES names a file for violations: those
 * of this process from now on, and of all that it starts from sources. The returned function returns the violations
 * since then, once each.
 */
export function heldToRules(): () => string[] {
  const file = process.env[NOTES]
  if (!file) return () => []
  watchClients(mongo.MongoClient, () => judge)
  const violations = noteReader(file)
  violations()
  return () => [...new Set(violations())]
}
