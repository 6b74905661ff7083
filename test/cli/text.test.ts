import { expect } from 'chai'
import { safe, safeJson, safeLines } from '../../src/cli/terminal/text.ts'

/** Characters that control a terminal or change where text is shown. */
const CONTROLS = /\p{Cc}|\p{Zl}|\p{Zp}|\p{Bidi_Control}/u

const PARTS = [
  '\x1b[2J',
  '\x1b]52;c;YQ==\x07',
  '\x9b31m',
  '\r',
  '\n',
  '\t',
  '\0',
  '\x7f',
  '\u202e',
  '\u2066',
  '\u2028',
].concat(['\u200b', '\ufeff', '\ud800', '\udc00', '😀', 'ü', '漢', 'e\u0301', 'plain', '"', '\\', '\\x1b', '{"a":1}'])

/** A thousand texts, the same in every run. */
const TEXTS = Array.from({ length: 1_000 }, (_, n) => {
  let state = n * 2_654_435_761 + 1
  const draw = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const char = () => (draw(3) > 0 ? PARTS[draw(PARTS.length)] : String.fromCharCode(draw(0x10000)))
  return Array.from({ length: draw(12) + 1 }, char).join('')
})

describe('printed text (S1) @fast', () => {
  it('cannot control the terminal in one line; plain text is unchanged', () => {
    expect(TEXTS.filter((text) => CONTROLS.test(safe(text)))).to.deep.equal([])
    expect(TEXTS.some((text) => CONTROLS.test(text))).to.equal(true)
    expect(TEXTS.filter((text) => !/[^\x20-\x7e]/.test(text) && safe(text) !== text)).to.deep.equal([])
    expect(safe('naïve 漢字 😀')).to.equal('naïve 漢字 😀')
    expect(safe('a\x1b[2J\u202e\x9b')).to.equal('a\\x1b[2J\\u202e\\x9b')
  })

  it('cannot control the terminal in several lines, except by newlines', () => {
    expect(TEXTS.filter((text) => CONTROLS.test(safeLines(text).replaceAll('\n', '')))).to.deep.equal([])
    expect(safeLines('a\tb\r\n\rc')).to.equal('a       b\n\\x0dc')
  })

  it('cannot control the terminal as JSON, and keeps its value', () => {
    expect(TEXTS.filter((text) => CONTROLS.test(safeJson({ [text]: text })))).to.deep.equal([])
    const parsed = TEXTS.map((text) => JSON.parse(safeJson({ text })).text)
    expect(parsed).to.deep.equal(TEXTS)
  })
})
