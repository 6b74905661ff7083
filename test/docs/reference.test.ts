import { expect } from 'chai'
import { leaves } from '../../build/docs/commands.ts'
import { reference } from '../../build/reference.ts'
import { EXIT } from '../../src/domain/errors.ts'
import { TRANSITIONS } from '../../src/domain/outcome.ts'
import { SETTING_KEYS } from '../../src/domain/settings.ts'
import { page } from '../helpers/pages.ts'

describe('the reference @fast', () => {
  const { text } = page('docs/reference.md')

  it('is current: `npm run docs` changes nothing', () => {
    expect(reference(text)).to.equal(text)
  })

  it('names every command with all its options', () => {
    for (const { name, command } of leaves()) {
      const part = section(`### ${name}`)
      expect(part, name).to.contain(`queuectl ${name}`)
      for (const { long } of command.options) expect(part, name).to.contain(long)
    }
  })

  it('draws the states as the code has them', () => {
    const rows = [...section('## States').matchAll(/^\| `(\w+)` \| [^|]* \| ((?:`\w+`(?:, )?)+) \|/gm)]
    const drawn = rows.map(([, from, to]) => [from, [...(to ?? '').matchAll(/\w+/g)].map(String)])
    expect(Object.fromEntries(drawn)).to.deep.equal(TRANSITIONS)
  })

  it('names every setting and exit code', () => {
    expect(SETTING_KEYS.filter((key) => !section('## Settings').includes(`| \`${key}\` |`))).to.deep.equal([])
    expect(Object.values(EXIT).filter((code) => !section('## Exit codes').includes(`\n| ${code} |`))).to.deep.equal([])
  })

  /** From `heading` to the next one of its level or above. */
  function section(heading: string): string {
    const level = heading.indexOf(' ')
    return new RegExp(`^${heading}$[\\s\\S]*?(?=^#{2,${level}} )`, 'm').exec(`${text}\n## `)?.[0] ?? ''
  }
})
