import { Script } from 'node:vm'
import { forkedAsWorker } from '../src/platform/self.ts'

/** Where a launcher has the texts of the program from, by their names, and what V8 has compiled of them before. */
export interface Texts {
  read(name: string): string
  compiled(name: string): Uint8Array | undefined
  /** What stack traces call it. */
  filename(name: string): string
}

/** Runs what this process is for, the text `worker` or the text `command`. Returns it: V8 compiles more of it while it runs. */
export function launch(texts: Texts): Script {
  let mongoose: { exports: unknown } | null = null
  const load = (wanted: string): unknown => {
    // As any module of CommonJS it becomes the default export. Read byte by byte like the others, but in UTF-8.
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

/** A text is a function of CommonJS's own names. Compiled code that does not fit is left aside by V8, silently. */
function compile(name: string, { read, compiled, filename }: Texts): Script {
  const cachedData = compiled(name)
  return new Script(read(name), { filename: filename(name), ...(cachedData && { cachedData }) })
}
