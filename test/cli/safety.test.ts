import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { freshQueue } from '../helpers/queuectl.ts'

describe('text from outside (S1) @posix', () => {
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
    it(`cannot control the terminal through ${command.map((word) => JSON.stringify(word)).join(' ')}`, async () => {
      const { stdout, stderr } = await queue.run(command)
      expect(stdout + stderr).to.match(/\S/)
      expect((stdout + stderr).replaceAll('\n', '')).to.not.match(/\p{Cc}|\p{Bidi_Control}/u)
    })
  }

  it('is shown as escapes, and unchanged with --raw and --json', async () => {
    expect(await queue.ok('logs', 'evil')).to.contain('\\x1b]0;owned\\x07')
    expect(await queue.ok('logs', 'evil', '--raw')).to.contain('\x1b]0;owned\x07\t\r\n')
    expect((await queue.json('show', 'evil')).command).to.equal(EVIL)
  })

  it('is never used as a pattern or an operator (S5)', async () => {
    expect(await queue.json('list', '--search', '%')).to.deep.equal([])
    expect(await queue.json('list', '--search', "' OR 1=1 --")).to.deep.equal([])
    expect((await queue.run(['show', '%'])).code).to.equal(2)
    expect((await queue.run(['show', '_'])).code).to.equal(3)
  })
})

describe('rows written by another program (S1) @posix', () => {
  const queue = freshQueue()
  const EVIL = 'x\x1b[31m\x9b2J\u202e\r\nqueuectl: no problems found'

  before(async () => {
    await queue.ok('enqueue', '--id', 'dead', '--max-retries', '0', '--', 'echo out; exit 1')
    await queue.ok('enqueue', '--id', 'ready', '--', 'true')
    await queue.drain()
    const db = new DatabaseSync(queue.db)
    for (const [table, kept] of [
      ['jobs', ['id', 'state', 'run_token', 'lease_token', 'processing_by', 'env']],
      ['runs', ['outcome', 'state', 'token', 'fence']],
    ] as const) {
      const texts = db.prepare('SELECT name FROM pragma_table_info(?) WHERE type = ?').all(table, 'TEXT')
      for (const { name } of texts as { name: string }[])
        if (!(kept as readonly string[]).includes(name)) db.prepare(`UPDATE ${table} SET ${name} = ?`).run(EVIL)
    }
    db.prepare('UPDATE jobs SET env = ?').run(JSON.stringify({ [EVIL]: EVIL }))
    const identity = { host_id: EVIL, boot_id: EVIL, pid_ns: EVIL, pid: 4711, start: EVIL }
    const job = {
      id: EVIL,
      run: 1,
      token: EVIL,
      command: EVIL,
      pid: 4712,
      started_at: 0,
      cpu: null,
      rss: null,
      note: EVIL,
    }
    const common = { host: EVIL, identity, state: EVIL, cpu: null, rss: null, done: 0, failed: 0, restarts: 0 }
    const rows = {
      [`s${EVIL}`]: {
        kind: 'supervisor',
        version: EVIL,
        queues: [EVIL],
        cwd: EVIL,
        log: EVIL,
        stuck: { [EVIL]: EVIL },
      },
      [`w${EVIL}`]: { kind: 'worker', supervisor_id: `s${EVIL}`, jobs: [job] },
    }
    for (const [id, row] of Object.entries(rows)) {
      const body = JSON.stringify({ ...common, count: 1, concurrency: 1, grace: 1, ...row, id })
      db.prepare('INSERT INTO processes VALUES (?, ?, 0, ?, 1, ?)').run(id, `s${EVIL}`, Date.now(), body)
    }
    db.prepare('INSERT INTO config VALUES (?, ?)').run(EVIL, JSON.stringify(EVIL))
    db.close()
  })

  for (const command of [
    'list --wide',
    'list --json',
    'show dead',
    'show dead --json',
    'show ready',
    'logs dead',
    'status --by-queue',
    'status --by-queue --json',
    'dlq list',
    'dlq show dead',
    'wait dead',
    'worker list',
    'worker list --json',
    'config list',
    'audit',
    'cancel ready dead',
    'worker stop --timeout 1s',
  ]) {
    it(`cannot control the terminal through ${command}`, async () => {
      const { stdout, stderr } = await queue.run(command.split(' '))
      expect(stdout + stderr).to.match(/\S/)
      expect((stdout + stderr).replaceAll('\n', '')).to.not.match(/\p{Cc}|\p{Bidi_Control}/u)
      expect(stdout + stderr).to.not.match(/^queuectl: no problems found/m)
    })
  }
})
