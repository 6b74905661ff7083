import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Doc, shown } from './documents.ts'
import type { Violation } from './judge.ts'
import { RULES } from './rules.ts'

/**
 * Names the file in which all processes note broken rules; without it the programs that tests start are not watched.
 */
export const NOTES = 'STRICT_WIRE_NOTES'

/** Notes that a command broke a rule. */
export function note({ rule, detail }: Violation, command: Doc): void {
  const [name, collection] = Object.entries(command)[0] ?? []
  const who = process.argv.slice(1, 4).map((word) => path.basename(word))
  const { rule: text, source } = RULES[rule]
  const line = `${name} of ${shown(collection)} breaks "${rule}" (${text}; ${source}) by ${detail}, sent by ${who.join(' ')}`
  const file = process.env[NOTES]
  // In one line: several lines would count as several notes.
  if (file) appendFileSync(file, `${line.replaceAll(/\s+/g, ' ')}\n`)
}

/** Returns a function that reads the notes since its last call. */
export function noteReader(file: string): () => string[] {
  let read = 0
  return () => {
    if (!existsSync(file)) return []
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
    const fresh = lines.slice(read)
    read = lines.length
    return fresh
  }
}

/** Flags for Node by which a program that a test starts is watched too; none if no process reads the notes. */
export function watchedFlags(): string[] {
  if (!process.env[NOTES]) return []
  return ['--require', fileURLToPath(new URL('preload.cjs', import.meta.url))]
}
