import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { installSecantus, REQUIREMENTS } from '../../helpers/secantus.ts'
import { tempFolder } from '../../helpers/temp.ts'

describe('the stand-in for MongoDB', () => {
  it('is pinned with all its dependencies, by the digests of their wheels', () => {
    const lines = readFileSync(REQUIREMENTS, 'utf8').replaceAll('\\\n', ' ').split('\n')
    const packages = lines.filter((line) => /^\w/.test(line))
    expect(packages.length).to.be.above(5)
    for (const line of packages) expect(line).to.match(/^[\w-]+==[\w.]+( ; [^\\]+?)?( +--hash=sha256:[0-9a-f]{64})+$/)
    expect(lines.join('\n')).to.not.match(/https?:|index-url|find-links/)
  })

  it('is installed once for each content of the file, beside an older one @slow', function () {
    this.timeout(120_000)
    const cache = tempFolder()
    const requirements = path.join(cache, 'requirements.txt')
    const install = (text: string) => {
      writeFileSync(requirements, text)
      return path.join(installSecantus({ requirements, cache }), '..', '..', 'whole')
    }
    const first = install('# nothing\n')
    const { mtimeMs } = statSync(first)
    const second = install('# nothing else\n')
    expect(second).to.not.equal(first)
    expect(existsSync(second)).to.equal(true)
    expect(install('# nothing\n')).to.equal(first)
    expect(statSync(first).mtimeMs).to.equal(mtimeMs)
  })

  it('does not count as installed when pip refuses @slow', function () {
    this.timeout(120_000)
    const cache = tempFolder()
    const requirements = path.join(cache, 'requirements.txt')
    writeFileSync(requirements, `no-such-file.whl --hash=sha256:${'0'.repeat(64)}\n`)
    expect(() => installSecantus({ requirements, cache })).to.throw('--require-hashes')
    expect(() => installSecantus({ requirements, cache })).to.throw('--require-hashes')
  })
})
