import './preload.cjs'
import path from 'node:path'
import { tempFolder } from '../temp.ts'
import { NOTES, noteReader } from './notes.ts'

const file = path.join(tempFolder(), 'notes')
process.env[NOTES] = file
const news = noteReader(file)

/** What has broken a rule since the last look, in words. */
function broken(): string {
  const lines = [...new Set(news())]
  return lines.length > 0 ? `MongoDB would refuse, or we do not want:\n${lines.join('\n')}` : ''
}

/** Throws when a rule was broken since the last look. */
function demand(): void {
  const text = broken()
  if (text) throw new Error(text)
}

/** Hooks around all tests, by .mocharc.json. */
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
  /** What was sent behind the last test. */
  afterAll() {
    demand()
  },
}
