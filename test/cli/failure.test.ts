import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { failureOf, failureText } from '../../src/cli/failure.ts'
import { invalid } from '../../src/domain/errors.ts'

describe('a failure @fast', () => {
  it('is exit 70, in one line, when it is unexpected', () => {
    const failure = failureOf(new TypeError('boom\nat somewhere'))
    expect(failure).to.include({ exit_code: 70, code: 'internal' })
    expect(failureText(failure, false).split('\n')).to.have.length(2)
    expect(failureText(failure, false)).to.contain('queuectl: boom\\x0aat somewhere')
  })

  it('is exit 74 for an unexpected error of the system', () => {
    const error = (() => {
      try {
        return readFileSync('x'.repeat(5000))
      } catch (caught) {
        return caught
      }
    })()
    expect(failureOf(error)).to.include({ exit_code: 74, code: 'io' })
  })

  it('cannot control the terminal with quoted text', () => {
    expect(failureText(failureOf(invalid('no \x1b[31m\u202e', 'try \x07')), false)).to.equal(
      'queuectl: no \\x1b[31m\\u202e\n  try \\x07',
    )
  })

  it('is one line of readable length, whatever it quotes', () => {
    const { message, hint } = failureOf(invalid('x'.repeat(70_000), 'y'.repeat(70_000)))
    expect([message.length, hint?.length]).to.deep.equal([1001, 1001])
  })

  it('is one JSON object with --json', () => {
    const text = failureText(failureOf(invalid('no', 'yes')), true)
    expect(JSON.parse(text)).to.deep.equal({ error: { code: 'invalid_input', message: 'no', hint: 'yes' } })
  })

  it('cannot control the terminal as JSON either', () => {
    const text = failureText(failureOf(invalid('no \x1b[31m\x9b\u202e\x7f', 'ü')), true)
    expect(text).to.not.match(/\p{Cc}|\p{Bidi_Control}/u)
    expect(JSON.parse(text).error).to.include({ message: 'no \x1b[31m\x9b\u202e\x7f', hint: 'ü' })
  })
})
