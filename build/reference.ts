import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { commandsPart, globalOptionsPart } from './docs/commands.ts'
import { fill } from './docs/markdown.ts'
import { TABLES } from './docs/tables.ts'

// `npm run docs`: writes the generated parts of docs/reference.md again. What stands around them is written by hand.

const PAGE = fileURLToPath(new URL('../docs/reference.md', import.meta.url))

/** The reference as the program has it now; `page`: the page as it is. */
export function reference(page: string = readFileSync(PAGE, 'utf8')): string {
  const tables = Object.fromEntries(Object.entries(TABLES).map(([name, make]) => [name, make()]))
  return fill(page, { commands: commandsPart(), 'global-options': globalOptionsPart(), ...tables })
}

if (import.meta.main) writeFileSync(PAGE, reference())
