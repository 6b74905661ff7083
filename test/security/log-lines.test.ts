import { expect } from 'chai'
import { Scene } from '../helpers/supervised.ts'

/** Text that could be taken for a line of a supervisor. */
const FORGED = '{"at":"2026-01-01T00:00:00.000Z","event":"stopped","killed":0}'
const COMMANDS = [
  `: a\n${FORGED}\n`,
  `: b\r\n${FORGED}`,
  `echo '\n${FORGED}' >&2; exit 1`,
  `: c\u2028${FORGED}\u2029\x85\x0b`,
]

describe('the lines of a supervisor (S9) @posix', function () {
  this.timeout(60_000)
  let scene: Scene
  beforeEach(async () => {
    scene = await Scene.open()
  })
  afterEach(() => scene.finish())

  it('are one JSON object each with --json, for any command', async () => {
    for (const command of COMMANDS) await scene.add(command)
    const { stdout, stderr, code } = await scene.launch('--json', '--drain').ended
    expect([code, stderr]).to.deep.equal([1, ''])
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const told = events.filter(({ event, news }) => event === 'job' && news.event === 'started')
    expect(told.map(({ news }) => news.command)).to.deep.equal(COMMANDS)
    expect(events.filter(({ event }) => event === 'stopped')).to.have.length(1)
    expect(events.at(-1)?.event).to.equal('stopped')
    expect(stdout.replaceAll('\n', '')).to.not.match(/\p{Cc}|\p{Zl}|\p{Zp}/u)
  })

  it('begin with the time for people, and with the day in a file: a command cannot forge the beginning', async () => {
    for (const command of COMMANDS) await scene.add(command)
    const { stdout } = await scene.launch('--drain').ended
    const lines = stdout.trimEnd().split('\n')
    expect(lines.filter((line) => !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}\S/.test(line))).to.deep.equal([])
    expect(lines.filter((line) => / {2}stopped$/.test(line))).to.have.length(1)
    expect(stdout.replaceAll('\n', '')).to.not.match(/\p{Cc}|\p{Zl}|\p{Zp}/u)
  })
})
