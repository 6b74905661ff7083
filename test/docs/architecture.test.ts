import { readdirSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { page } from '../helpers/pages.ts'
import { ROOT, sourceFiles } from '../helpers/sources.ts'

describe('the architecture page @fast', () => {
  const { text } = page('docs/architecture.md')

  it('has a row for each room of the source', () => {
    const rooms = readdirSync(path.join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect([...text.matchAll(/^\| `src\/(\w+)` \|/gm)].map(([, room]) => room)).to.have.members(
      rooms.map(({ name }) => name),
    )
  })

  it('states each rule that the sources and tests name', () => {
    const stated = [...text.matchAll(/^- \*\*(R\d+) /gm)].map(([, rule = '']) => rule)
    expect(stated).to.deep.equal(stated.map((_, i) => `R${i + 1}`))
    const named = [...sourceFiles('src'), ...sourceFiles('test')].flatMap(({ path, text }) =>
      [...text.matchAll(/\((?:[FRS]\d+, )*(R\d+)(?:, [FRS]\d+)*\)/g)].map(([, rule = '']) => ({ path, rule })),
    )
    expect(named.length).to.be.above(50)
    expect(named.filter(({ rule }) => !stated.includes(rule))).to.deep.equal([])
  })

  it('states no rule that no test names in its title', () => {
    const titles = sourceFiles('test').flatMap(({ text }) => text.match(/\b(?:describe|it)\((['`]).*?\1,/g) ?? [])
    const rules = [...text.matchAll(/^- \*\*(R\d+) /gm)].map(([, rule = '']) => rule)
    expect(rules).to.have.length.above(10)
    expect(rules.filter((rule) => !titles.some((title) => new RegExp(`\\b${rule}\\b`).test(title)))).to.deep.equal([])
  })
})
