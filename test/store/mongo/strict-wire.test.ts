import { expect } from 'chai'
import type { Sent } from '../../helpers/strict-wire/documents.ts'
import { judge } from '../../helpers/strict-wire/judge.ts'
import { isLook } from '../../helpers/strict-wire/looks.ts'
import { RULES } from '../../helpers/strict-wire/rules.ts'
import { EXAMPLES, type Example } from './strict-wire-examples.ts'

/** A client of a test, at a replica set: the rules of the server alone. */
const OF_TEST: Omit<Sent, 'command'> = { role: null, patient: false, only_looks: false, standalone: false }

const rulesBrokenBy = ({ command, ...over }: Example) => [
  ...new Set(judge({ ...OF_TEST, ...over, command }).map(({ rule }) => rule)),
]

// The stand-in accepts commands that MongoDB refuses: so each command of each test is checked against these rules.
describe('the rules for what is sent to MongoDB', () => {
  it('each have an example and a source', () => {
    expect(Object.keys(EXAMPLES).sort()).to.deep.equal(Object.keys(RULES).sort())
    for (const { source } of Object.values(RULES)) expect(source).to.match(/^(https:\/\/|src\/)/)
  })

  for (const [rule, { breaks, near }] of Object.entries(EXAMPLES)) {
    it(`${rule}: one command breaks it, and a similar one does not`, () => {
      for (const example of [breaks].flat()) expect(rulesBrokenBy(example), show(example)).to.deep.equal([rule])
      for (const example of [near].flat()) expect(rulesBrokenBy(example), show(example)).to.deep.equal([])
    })
  }

  it('recognize the commands that only read', () => {
    const looks = (...words: string[]) => isLook(['node', '/src/main.ts', ...words])
    for (const words of ['status --json', '--db mongodb://h/d list', 'worker list', 'dlq show a', 'show worker'])
      expect(looks(...words.split(' ')), words).to.equal(true)
    for (const words of ['enqueue status', 'worker start', 'doctor --fix', 'dlq retry list', 'cancel a', 'init'])
      expect(looks(...words.split(' ')), words).to.equal(false)
    expect(isLook(['node', '/node_modules/mocha/bin/mocha.js', 'status'])).to.equal(false)
  })
})

const show = ({ command }: Example) => JSON.stringify(command).slice(0, 300)
