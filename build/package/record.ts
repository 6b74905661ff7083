import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Script } from 'node:vm'

// Runs a text of the executable once and keeps what V8 has compiled of it: node record.ts TEXT OUTPUT [arguments of the program…].
// Started by code.ts, by the target's own Node.

const [node = '', self, text = '', output = '', ...args] = process.argv
const script = new Script(readFileSync(text, 'latin1'), { filename: 'record' })
process.on('exit', () => writeFileSync(output, script.createCachedData()))
process.argv = [node, self ?? node, ...args]
const module = { exports: {} }
script.runInThisContext()(module.exports, createRequire(import.meta.url), module)
