import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { compiledCode, NODE_FLAGS } from '../../build/package/code.ts'
import { isHost, TARGETS } from '../../build/package/targets.ts'
import { programTexts } from '../../build/program.ts'
import { skip } from '../helpers/skip.ts'
import { tempFolder } from '../helpers/temp.ts'

const ACCEPTED = `const { Script } = require('node:vm'), { readFileSync } = require('node:fs'), [, text, cached] = process.argv
  const { cachedDataRejected } = new Script(readFileSync(text, 'latin1'), { cachedData: readFileSync(cached), filename: 'record' })
  console.log(cachedDataRejected ? 'rejected' : 'accepted')`

describe('the compiled code of an executable', function () {
  this.timeout(60_000)
  this.slow(10_000)
  const host = TARGETS.find(isHost)
  let command: string

  before(async function () {
    if (host === undefined) return skip(this, 'no executable for this system')
    command = (await programTexts(host.name)).command
  })

  it('is the same in each build, and accepted by its Node', () => {
    const [one = {}, other = {}] = [recorded(), recorded()]
    expect(Object.keys(one)).to.include.members([
      'code/command',
      'code/command---version',
      'code/command-enqueue',
      'code/mongoose',
    ])
    for (const [name, file] of Object.entries(one)) {
      expect(readFileSync(other[name] ?? '').equals(readFileSync(file)), name).to.equal(true)
    }
    expect(taken(one)).to.equal('accepted\n')
  })

  /** In its own folder, as in each build. */
  function recorded() {
    const folder = tempFolder()
    const texts = { command: path.join(folder, 'command'), mongoose: path.join(folder, 'mongoose') }
    writeFileSync(texts.command, command)
    // Moved instead of copied, since it is large.
    writeFileSync(texts.mongoose, '(function(exports,require,module){module.exports={}})')
    return host ? (compiledCode(host, process.execPath, texts) ?? {}) : {}
  }

  function taken({ 'code/command-enqueue': file = '' }: Record<string, string>): string {
    const text = path.join(path.dirname(file), 'command')
    return execFileSync(process.execPath, [...NODE_FLAGS, '-e', ACCEPTED, '--', text, file], { encoding: 'utf8' })
  }
})
