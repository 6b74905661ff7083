import { Script } from 'node:vm'
import { forkedAsWorker } from '../src/platform/self.ts'

/** Where a launcher gets the texts of the program, by name, and their compiled code. */
export interface Texts {
  read(name: string): string
  compiled(name: string): Uint8Array | undefined
  /** File name in stack traces. */
  filename(name: string): string
}

/** Runs the text for this process's role, `worker` or `command`. Returns it: V8 compiles more of it while it runs. */
export function launch(texts: Texts): Script {
  let mongoose: { exports: unknown } | null = null
  const load = (wanted: string): unknown => {
    // As any CommonJS module it becomes the default export. Read byte by byte like the others, but decoded as UTF-8.
    if (wanted === '#licenses') return Buffer.from(texts.read('licenses'), 'latin1').toString()
    if (wanted !== 'mongoose') return require(wanted)
    if (mongoose === null) {
      mongoose = { exports: {} }
      compile('mongoose', texts).runInThisContext()(mongoose.exports, require, mongoose)
    }
    return mongoose.exports
  }
  const script = compile(forkedAsWorker() ? 'worker' : 'command', texts)
  script.runInThisContext()(exports, load, module)
  return script
}

/** Compiles a text as a function of CommonJS's variables. V8 silently ignores compiled code that does not fit. */
function compile(name: string, { read, compiled, filename }: Texts): Script {
  const cachedData = compiled(name)
  return new Script(read(name), { filename: filename(name), ...(cachedData && { cachedData }) })
}
