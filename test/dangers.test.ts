import { expect } from 'chai'
import { DANGERS } from './dangers.ts'
import { projectText, sourceFiles } from './helpers/sources.ts'

describe('the dangers @fast', () => {
  const named = sourceFiles('test').flatMap(({ code }) => numbersIn(code))

  it('each have a test', () => {
    expect(Object.keys(DANGERS).filter((number) => !named.includes(number))).to.deep.equal([])
  })

  it('are known wherever a title names one', () => {
    expect(named.filter((number) => !Object.hasOwn(DANGERS, number))).to.deep.equal([])
  })

  it('are listed in SECURITY.md if an attacker can cause them', () => {
    const rows = [...projectText('SECURITY.md').matchAll(/^\| (S\d+) \| (.+?) \|/gm)].map(([, number, text]) => [
      number,
      text,
    ])
    const kept = Object.entries(DANGERS).filter(([number]) => number.startsWith('S'))
    expect(Object.fromEntries(rows)).to.deep.equal(Object.fromEntries(kept))
  })
})

/** The numbers at the end of titles, before their tags: `(F1, R6) @slow`. Without the rules R1, R2, … */
function numbersIn(code: string): string[] {
  const lists = [...code.matchAll(/\(((?:[FRS]\d+(?:, )?)+)\)(?=(?: @\w+)*['`])/g)].map(([, list = '']) =>
    list.split(', '),
  )
  return lists.flat().filter((number) => !number.startsWith('R'))
}
