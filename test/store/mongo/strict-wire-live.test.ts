import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { expect } from 'chai'
import { mongoServer, needsMongo } from '../../helpers/mongo-server.ts'
import { ROOT } from '../../helpers/sources.ts'
import { NOTES, watchedFlags } from '../../helpers/strict-wire/notes.ts'
import { tempFolder } from '../../helpers/temp.ts'

/** Sends commands that the program never sends, with the program's own client. */
const SENDER = `
import { parseUrl } from '${ROOT}src/store/mongo/url.ts'
import { Connection } from '${ROOT}src/store/mongo/connection.ts'
const db = await Connection.open(parseUrl(process.argv.at(-1)), 'worker')
await db.db.collection('jobs').find({ state: '$$NOW' }).toArray()
await db.db.collection('jobs').deleteMany({ _id: 'none' }, { writeConcern: { w: 1 } })
await db.close()
`

const MOCHA = path.join(path.dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin/mocha.js')
const SUITE = `
import { appendFileSync } from 'node:fs'
it('sends what breaks a rule', async () => appendFileSync(process.env.${NOTES}, 'find breaks it\\n'))
it('does not', async () => {})
`

describe('a command that breaks a rule @posix', function () {
  this.timeout(60_000)

  it('is noted, from any process', async function () {
    await needsMongo.call(this)
    const notes = path.join(tempFolder(), 'notes')
    const [program, address] = [path.join(tempFolder(), 'sender.ts'), (await mongoServer()).url()]
    writeFileSync(program, SENDER)
    const env = { ...process.env, [NOTES]: notes }
    const { status, stderr } = spawnSync(process.execPath, [...watchedFlags(), program, address], { env })
    expect([status, String(stderr)]).to.deep.equal([0, ''])
    const noted = readFileSync(notes, 'utf8').trimEnd().split('\n')
    expect(noted.map((line) => /breaks "(.*?)"/.exec(line)?.[1])).to.deep.equal([
      'variable-outside',
      'write-concern-ours',
    ])
    expect(noted[0]).to.match(/^find of "jobs" breaks .*https:.* by state: \$\$NOW, sent by sender\.ts/)
  })

  it('fails only the test that sent it', () => {
    const suite = path.join(tempFolder(), 'suite.test.ts')
    writeFileSync(suite, SUITE)
    const { status, stdout } = spawnSync(process.execPath, [MOCHA, suite], { cwd: ROOT, encoding: 'utf8' })
    expect(status).to.equal(1)
    expect(stdout).to.match(/1 passing.*1 failing.*sends what breaks a rule.*find breaks it/s)
  })
})
