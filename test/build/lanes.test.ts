import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { expect } from 'chai'
import { hasTestsOf, laneRule } from '../../build/test-lanes.ts'
import { ROOT, sourceFiles } from '../helpers/sources.ts'
import { tempFolder } from '../helpers/temp.ts'

const TAGS = ['@fast', '@slow', '@full', '@posix']
/** The beginning of a suite that is not nested in another one. */
const OUTERMOST = /(?<=^|^for \([^\n]*\n {2})(?:describe|sideBySide|jobStoreContract)\((['`])(.*?)\1/gm

const TESTS = sourceFiles('test').filter(({ path }) => path.endsWith('.test.ts') && path !== 'test/build/lanes.test.ts')

describe('the lanes of the tests @fast', () => {
  it('use existing tags only', () => {
    const titles = TESTS.flatMap(({ path, text }) =>
      [...text.matchAll(/\b(?:describe|it|sideBySide|jobStoreContract)\((['`])(.*?)\1/g)].flatMap((match) =>
        [...(match[2] ?? '').matchAll(/ (@\w+)/g)].map(([, tag]) => `${path} ${tag}`),
      ),
    )
    expect(titles.filter((title) => !TAGS.some((tag) => title.endsWith(tag)))).to.deep.equal([])
    for (const tag of TAGS) expect(titles.some((title) => title.endsWith(tag))).to.equal(true)
  })

  it('omit whole files only on Windows', () => {
    const torn = TESTS.filter(({ text }) => text.includes('@posix')).flatMap(({ path, text }) =>
      [...text.matchAll(OUTERMOST)]
        .filter((match) => !match[2]?.includes('@posix'))
        .map((match) => `${path}: ${match[2]}`),
    )
    expect(torn).to.deep.equal([])
    expect(hasTestsOf('usual', "describe('a @posix'", true)).to.equal(false)
    expect(hasTestsOf('usual', "describe('a @posix'", false)).to.equal(true)
  })

  it('run each test in the usual or the slow lane, and those of any length in both', () => {
    const lanes = (title: string) =>
      (['fast', 'usual', 'slow'] as const).filter((lane) => new RegExp(laneRule(lane).grep).test(title))
    expect(lanes('a store keeps all')).to.deep.equal(['usual'])
    expect(lanes('a store @fast keeps all')).to.deep.equal(['fast', 'usual'])
    expect(lanes('a store keeps all for long @slow')).to.deep.equal(['slow'])
    expect(lanes('a store @fast keeps all for long @slow')).to.deep.equal(['slow'])
    expect(lanes('a store keeps all within a second @full')).to.deep.equal(['usual', 'slow'])
  })

  it('run every test of any length in full', () => {
    const of_any_length = TESTS.filter(({ code }) => /\bholdsFor\(|\bkeepsTo\(/.test(code))
    expect(of_any_length).to.have.length.above(5)
    expect(of_any_length.filter(({ text }) => !text.includes(' @full')).map(({ path }) => path)).to.deep.equal([])
  })

  it('skip a test only by the helper, which requires a reason', () => {
    const own = ['test/helpers/skip.ts', 'test/build/lanes.test.ts']
    const others = sourceFiles('test').filter(({ path, code }) => !own.includes(path) && /\.skip\(\)/.test(code))
    expect(others.map(({ path }) => path)).to.deep.equal([])
  })
})

describe('the report of a lane', () => {
  const report = (text: string) => {
    const file = path.join(tempFolder(), 'some.test.cjs')
    writeFileSync(file, text)
    const mocha = path.join(path.dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin/mocha.js')
    const args = [mocha, '--no-config', '--parallel', '--reporter', path.join(ROOT, 'build/test-report.ts'), file]
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    return { status, lines: stdout.trimEnd().split('\n') }
  }

  it('repeats the failed titles at its end, and sums up in its last line', () => {
    const { status, lines } = report(
      "describe('a', () => { it('b', () => {}); it('c', () => { throw new Error('no') }); it('d', function () { this.skip() }) })",
    )
    expect(status).to.equal(1)
    expect(lines.slice(-2)).to.deep.equal(['failed: a c', '1 passed, 1 failed, 1 skipped'])
  })

  it('fails when no test was run', () => {
    const { status, lines } = report("describe('a', () => { it('b', function () { this.skip() }) })")
    expect(status).to.equal(1)
    expect(lines.at(-1)).to.equal('0 passed, 0 failed, 1 skipped')
  })
})
