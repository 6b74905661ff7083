import { getRawAsset } from 'node:sea'
import { Script } from 'node:vm'

// The first lines of an executable. The program lies beside them as a text, with code that V8 has compiled from it at build time, not
// only what is compiled at load but the functions that a command calls: to compile them is half of what a short command costs
// beyond Node's own start. Node's own code cache of an executable has the former only (enqueue: 1.9 × `node -e 0`), and no two
// builds make the same one.

const [, , command = ''] = process.argv
const cachedData = asset(`code/${command}`) ?? asset('code/')
const program = compile('program', cachedData)
program(exports, load, module)

/** `require` of the program: what is not Node's own lies in the executable. */
function load(name: string): unknown {
  return name === 'mongoose' ? mongoose() : require(name)
}

let loaded: { exports: unknown } | null = null

function mongoose(): unknown {
  if (loaded === null) {
    loaded = { exports: {} }
    compile('mongoose', asset('code/mongoose'))(loaded.exports, require, loaded)
  }
  return loaded.exports
}

/** A module's text as a function of CommonJS's own names. Compiled code that does not fit is left aside by V8, silently. */
function compile(name: string, cachedData?: Uint8Array) {
  const text = Buffer.from(getRawAsset(name)).toString('latin1')
  return new Script(text, { filename: name, ...(cachedData && { cachedData }) }).runInThisContext()
}

function asset(name: string): Uint8Array | undefined {
  try {
    return new Uint8Array(getRawAsset(name))
  } catch {
    return undefined
  }
}
