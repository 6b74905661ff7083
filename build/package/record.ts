import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'

// Runs a text of the executable once and saves what V8 has compiled of it: node record.ts TEXT OUTPUT [arguments of the
// program…]. code.ts starts it with the target's own Node. Nothing may depend on the speed of this machine, or builds
// would differ. The clock stands still, since the age of a job decides which functions show it. V8 optimizes no hot
// functions, since the compiled code records which ones were hot.

/**
 * The compilers that V8 uses for hot functions. Compiled code is accepted only by a V8 with the same flags as when it
 * was assembled.
 */
const TIERS = ['sparkplug', 'maglev', 'turbofan']
const NOW_MS = Date.UTC(2026, 0, 1)

const [node = '', self, text = '', output = '', ...args] = process.argv
for (const tier of TIERS) setFlagsFromString(`--no-${tier}`)
Date.now = () => NOW_MS
const script = new Script(readFileSync(text, 'latin1'), { filename: 'record' })
process.on('exit', () => {
  for (const tier of TIERS) setFlagsFromString(`--${tier}`)
  writeFileSync(output, script.createCachedData())
})
process.argv = [node, self ?? node, ...args]
const module = { exports: {} }
script.runInThisContext()(module.exports, createRequire(import.meta.url), module)
