import { readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { type ScriptRoom, scriptRoom } from '../helpers/script-room.ts'
import { skip } from '../helpers/skip.ts'
import { projectText, ROOT } from '../helpers/sources.ts'

const EXAMPLES = path.join(ROOT, 'docs/examples')

describe('the examples @posix', () => {
  let room: ScriptRoom

  before(function () {
    // They are for sh.
    if (process.platform === 'win32') skip(this, 'no sh')
  })

  beforeEach(() => {
    room = scriptRoom()
    for (const name of readdirSync(EXAMPLES)) {
      const file = path.join(EXAMPLES, name)
      room.command(name, name.endsWith('.mjs') ? `exec node '${file}' "$@"` : `exec sh '${file}' "$@"`)
    }
  })

  afterEach(() => room?.close())

  const write = (name: string, text: string) => writeFileSync(path.join(room.folder, name), text)
  const ok = async (script: string) => {
    const { code, stdout, stderr } = await room.run(script)
    expect(code, stdout + stderr).to.equal(0)
    return stdout
  }

  it('are short, and say how they are called', async () => {
    for (const name of readdirSync(EXAMPLES)) {
      expect(projectText(`docs/examples/${name}`).split('\n').length, name).to.be.below(41)
      if (name === 'watch.mjs') continue
      const { code, stdout, stderr } = await room.run(name)
      expect({ failed: code > 0, stdout }, name).to.deep.equal({ failed: true, stdout: '' })
      expect(stderr, name).to.contain(`usage: ${name} `)
    }
  })

  it('enqueue-csv: a job for each row, once, whatever is in it', async () => {
    write('people.csv', 'name,note\r\nAnn,"says ""hi"", often"\r\nBob,$(touch broken)\r\n')
    const command = `enqueue-csv.mjs people.csv 'printf "%s: %s\\n" "$name" "$note"'`
    const ids = (await ok(command)).trim().split('\n')
    expect(ids).to.have.length(2)
    expect((await ok(command)).trim().split('\n')).to.deep.equal(ids)
    await ok('queuectl worker start --drain')
    expect(await ok(`queuectl logs ${ids[0]}; queuectl logs ${ids[1]}`)).to.equal(
      'Ann: says "hi", often\nBob: $(touch broken)\n',
    )
    expect(readdirSync(room.folder)).to.deep.equal(['people.csv'])
  })

  it('collect: prints the exit code of each job, and fails if one failed', async () => {
    write('commands', 'echo fine\nexit 3\n')
    const { code, stdout } = await room.run('collect.sh commands 2')
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '0 echo fine\n3 exit 3\n' })
    write('commands', 'true\n')
    expect(await ok('collect.sh commands')).to.equal('0 true\n')
  })

  it('retry-dead: retries those of one cause', async () => {
    await ok("printf '%s\\n' 'exit 7' 'exit 8' 'exit 7' | queuectl enqueue --max-retries 0 -")
    await ok('queuectl worker start --drain || true')
    expect(await ok("retry-dead.mjs 'exit code 7'")).to.equal('2 retried\n')
    expect(JSON.parse(await ok('queuectl list --state dead --json'))).to.have.length(1)
    expect(await ok('retry-dead.mjs timeout mail')).to.equal('0 retried\n')
  })

  it('nightly: keeps seven backups, and is silent', async () => {
    await ok('queuectl enqueue -- true; mkdir kept')
    for (let day = 1; day <= 9; day++) write(`kept/queue-2020-01-0${day}.db`, '')
    expect(await ok('nightly.sh kept')).to.equal('')
    const kept = readdirSync(path.join(room.folder, 'kept')).sort()
    expect(kept).to.have.length(7)
    expect(kept[0]).to.equal('queue-2020-01-04.db')
  })

  it('watch: says what is wrong by its exit code', async () => {
    expect(await room.run('watch.mjs')).to.deep.include({ code: 3 })
    await ok("queuectl enqueue --id a --max-retries 0 -- 'exit 1'")
    expect(await room.run('watch.mjs')).to.deep.include({ code: 2, stdout: 'CRITICAL: 1 ready and no worker\n' })
    await ok('queuectl worker start --drain || true')
    expect(await room.run('watch.mjs')).to.deep.include({ code: 2, stdout: 'CRITICAL: 1 dead\n' })
    expect(await ok('watch.mjs 60 1')).to.equal('OK: 0 ready, 0 running, 0 workers\n')
  })
})
