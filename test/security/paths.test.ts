import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { readJob } from '../../src/cli/enqueue/job-input.ts'
import { freshQueue } from '../helpers/queuectl.ts'

const CLIMBING = [
  '../x',
  '..\\x',
  '/etc/passwd',
  'a/b',
  'C:\\x',
  'x\0',
  'x\n',
  '',
  ' ',
  '~',
  '$HOME',
  'ü',
  'x'.repeat(65),
  'x'.repeat(300),
]
/** Valid IDs that on some systems are names of devices or folders. */
const TRICKY = ['..', '.', 'CON', 'COM1.txt', '--help', '.env']

describe('names from outside (S8) @posix', function () {
  this.timeout(120_000)
  const queue = freshQueue()
  const logs = () => path.join(`${queue.db}.d`, 'logs')

  it('that could be paths are refused as IDs and queues by every command: exit 2', async () => {
    for (const name of CLIMBING) {
      for (const field of ['id', 'queue'])
        expect(() => readJob({ command: 'true', [field]: name }), JSON.stringify(name)).to.throw(/invalid|NUL/)
    }
    const commands = ['show', 'logs', 'wait', 'cancel', 'requeue', 'promote', 'dlq show', 'dlq retry']
    await queue.ok('init')
    const ended = await Promise.all(commands.map((command) => queue.run([...command.split(' '), '../x'])))
    // `wait` has its own codes for jobs.
    expect(ended.map(({ code }) => code)).to.deep.equal(commands.map((command) => (command === 'wait' ? 125 : 2)))
  })

  it('that are IDs do not become file names', async () => {
    const lines = TRICKY.map((id) => JSON.stringify({ id, command: `echo ${id}` }))
    await queue.run(['enqueue', '-'], { input: lines.join('\n') })
    await queue.drain()
    const shown = await Promise.all(TRICKY.map((id) => queue.run(['logs', '--', id])))
    expect(shown.map(({ code, stdout }) => [code, stdout])).to.deep.equal(TRICKY.map((id) => [0, `${id}\n`]))
    const files = readdirSync(logs(), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.log'))
    expect(files).to.have.length(TRICKY.length)
    expect(files.filter((name) => !/^([0-9a-z])[\\/]\1[0-9a-z]{19}\.log$/.test(name))).to.deep.equal([])
  })

  it('that were written into the run history are followed neither by readers nor by a purge', async () => {
    const outside = path.join(queue.home, 'outside.log')
    writeFileSync(outside, 'secret\n')
    mkdirSync(path.join(logs(), '.'), { recursive: true })
    const db = new DatabaseSync(queue.db)
    const tokens = ['../../../outside', `../../${path.basename(queue.home)}/outside`, outside.replace(/\.log$/, '')]
    const ids = TRICKY.slice(0, tokens.length)
    for (const [n, token] of tokens.entries())
      db.prepare('UPDATE runs SET token = ? WHERE seq = (SELECT seq FROM jobs WHERE id = ?)').run(token, String(ids[n]))
    db.close()
    for (const id of ids) {
      for (const command of ['show', 'logs']) {
        const { stdout } = await queue.run([command, '--', id])
        expect(stdout).to.not.contain('secret')
      }
    }
    await queue.ok('purge', '--state', 'completed', '--yes')
    expect(await queue.json('list')).to.deep.equal([])
    expect(existsSync(outside) && readFileSync(outside, 'utf8')).to.equal('secret\n')
  })
})
