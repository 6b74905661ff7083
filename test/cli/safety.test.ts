import { expect } from 'chai'
import { freshQueue } from '../helpers/queuectl.ts'

describe('text from outside (S1)', () => {
  const queue = freshQueue()
  const EVIL = 'printf "\\033]0;owned\\007\\t\\r\\n\\302\\233"; : \x1b[2J\x07\r\n\u202eevil\u2066\u009b31m\u007f'

  before(async () => {
    await queue.ok('enqueue', JSON.stringify({ id: 'evil', command: EVIL, max_retries: 0, env: { A: '\x1b[0m' } }))
    await queue.drain()
  })

  const commands = [
    ['list'],
    ['list', '--wide'],
    ['show', 'evil'],
    ['logs', 'evil'],
    ['status'],
    ['wait', 'evil'],
    ['dlq', 'list'],
  ]
  for (const command of [
    ...commands,
    ['show', '\x1b[31m'],
    ['list', '--queue', '\x1b[31m'],
    ['config', 'get', '\x1b\u202e'],
  ]) {
    it(`cannot steer the terminal through ${command.map((word) => JSON.stringify(word)).join(' ')}`, async () => {
      const { stdout, stderr } = await queue.run(command)
      expect(stdout + stderr).to.match(/\S/)
      expect((stdout + stderr).replaceAll('\n', '')).to.not.match(/\p{Cc}|\p{Bidi_Control}/u)
    })
  }

  it('is shown as escapes, and unharmed with --raw and --json', async () => {
    expect(await queue.ok('logs', 'evil')).to.contain('\\x1b]0;owned\\x07')
    expect(await queue.ok('logs', 'evil', '--raw')).to.contain('\x1b]0;owned\x07\t\r\n')
    expect((await queue.json('show', 'evil')).command).to.equal(EVIL)
  })

  it('is no pattern and no operator (S5)', async () => {
    expect(await queue.json('list', '--search', '%')).to.deep.equal([])
    expect(await queue.json('list', '--search', "' OR 1=1 --")).to.deep.equal([])
    expect((await queue.run(['show', '%'])).code).to.equal(2)
    expect((await queue.run(['show', '_'])).code).to.equal(3)
  })
})
