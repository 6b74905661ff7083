import { expect } from 'chai'
import { EXIT } from '../../src/domain/errors.ts'
import type { Ended } from '../helpers/queuectl.ts'

/** Exit codes that do not report a job's outcome. */
const OWN_CODES = new Set<number>(Object.values(EXIT).filter((code) => code !== EXIT.internal))

/**
 * Throws unless a command behaved well: a documented exit code and never 70, no stack trace, the reason of a failure in
 * one line and a hint, no control characters for a terminal; for machines only JSON.
 */
export function expectWellBehaved({ code, stdout, stderr }: Ended, argv: readonly string[]): void {
  const what = `queuectl ${JSON.stringify(argv)} → ${code}\n${stderr}`
  const job_codes = argv.some((word) => /^(wait|--wait|--follow|-f)/.test(word)) && code >= 0 && code < 256
  expect(OWN_CODES.has(code) || (job_codes && code !== EXIT.internal), `exit code: ${what}`).to.equal(true)
  expect(stderr, what).to.not.match(/^\s+at .+:\d+:\d+\)?$/m)
  if (code !== 0) expect(stdout + stderr, what).to.match(/\S/)
  const raw = argv.some((word) => '--raw'.startsWith(word) && word.length > 2)
  // The licences are printed to the letter, and one has a tab.
  const layout = argv.includes('licenses') ? /[\n\t]/g : /\n/g
  if (!raw) expect((stdout + stderr).replaceAll(layout, ''), what).to.not.match(/\p{Cc}|\p{Bidi_Control}/u)
  const cut = argv.indexOf('--')
  // Help is for people, even with --json.
  const helped = code === 0 && stdout.startsWith('Usage: ')
  if (!helped && argv.slice(0, cut < 0 ? argv.length : cut).includes('--json')) {
    for (const line of [...lines(stdout), ...lines(stderr)])
      expect(isJson(line), `JSON: ${what}${stdout}`).to.equal(true)
  } else if (code !== 0) expect(lines(stderr).length, what).to.be.within(0, 60)
}

const lines = (text: string) => text.split('\n').filter((line) => line !== '')

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
