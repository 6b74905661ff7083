import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'

// Runs a text of the executable once and keeps what V8 has compiled of it: node record.ts TEXT OUTPUT [arguments of the program…].
// Started by code.ts, by the target's own Node. Nothing in it may depend on how fast this machine is, else no two builds are alike:
// the clock stands still, since the age of a job decides which functions show it, and V8 takes no function for a hot one, since it
// notes in its code which ones were.

/** What V8 compiles hot functions by. The code is of use only to a V8 whose flags are those under which it was put together. */
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
