import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Doc, shown } from './documents.ts'
import type { Violation } from './judge.ts'
import { RULES } from './rules.ts'

/** Names the file in which all processes note what they find; without it nothing is watched in the programs that tests start. */
export const NOTES = 'STRICT_WIRE_NOTES'

/** Notes that a command broke a rule. */
export function note({ rule, detail }: Violation, command: Doc): void {
  const [name, collection] = Object.entries(command)[0] ?? []
  const who = process.argv.slice(1, 4).map((word) => path.basename(word))
  const { rule: text, source } = RULES[rule]
  const line = `${name} of ${shown(collection)} breaks "${rule}" (${text}; ${source}) by ${detail}, sent by ${who.join(' ')}`
  const file = process.env[NOTES]
  // A message of several lines would be taken for several.
  if (file) appendFileSync(file, `${line.replaceAll(/\s+/g, ' ')}\n`)
}

/** Reads what was noted since the last reading. */
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

/** Flags for Node with which a program that a test starts is watched too: none where nobody reads the notes. */
export function watchedFlags(): string[] {
  if (!process.env[NOTES]) return []
  return ['--require', fileURLToPath(new URL('preload.cjs', import.meta.url))]
}
