import './preload.cjs'
import path from 'node:path'
import { tempFolder } from '../temp.ts'
import { NOTES, noteReader } from './notes.ts'

const file = path.join(tempFolder(), 'notes')
process.env[NOTES] = file
const news = noteReader(file)

/** The commands that broke a rule since the last call, as text. */
function broken(): string {
  const lines = [...new Set(news())]
  return lines.length > 0 ? `MongoDB or our own rules refuse:\n${lines.join('\n')}` : ''
}

/** Throws if a rule was broken since the last call. */
function demand(): void {
  const text = broken()
  if (text) throw new Error(text)
}

/** Hooks around all tests, named in .mocharc.json. */
export const mochaHooks = {
  /** The test itself fails: a hook that fails would end the whole run. */
  beforeEach(this: Mocha.Context) {
    const test = this.currentTest
    const body = test?.fn
    if (!test || !body || body.length > 0) return
    test.fn = async function (this: Mocha.Context) {
      try {
        await (body as Mocha.AsyncFunc).call(this)
      } catch (error) {
        // The next test is not to blame for what this one sent.
        const text = broken()
        if (text && error instanceof Error) error.message += `\n${text}`
        throw error
      }
      demand()
    }
  },
  /** Checks what was sent after the last test. */
  afterAll() {
    demand()
  },
}
