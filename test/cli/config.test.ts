import { expect } from 'chai'
import { freshQueue } from '../helpers/queuectl.ts'
import { skip } from '../helpers/skip.ts'

describe('config @fast', () => {
  const queue = freshQueue()
  const refused = async (...args: string[]) => {
    const { code, stderr } = await queue.run(['config', ...args])
    expect(code).to.equal(2)
    return stderr
  }

  it('keeps a setting in the store, with - or _ in its key', async () => {
    await queue.ok('init')
    expect(await queue.ok('config', 'get', 'max-retries')).to.equal('3\n')
    expect(await queue.ok('config', 'set', 'max-retries', '5')).to.equal('max_retries 5\n')
    expect(await queue.ok('config', 'get', 'max_retries')).to.equal('5\n')
    expect(await queue.json('config', 'get', 'max_retries')).to.include({
      key: 'max_retries',
      value: 5,
      default: 3,
      set: true,
    })
    expect(await queue.ok('config', 'unset', 'max_retries')).to.equal('max_retries 3 (default)\n')
  })

  it('reads times, sizes and none', async () => {
    expect(await queue.ok('config', 'set', 'timeout', '5m')).to.equal('timeout 300\n')
    expect(await queue.ok('config', 'set', 'timeout', 'none')).to.equal('timeout none\n')
    expect(await queue.ok('config', 'set', 'log_limit', '1MiB')).to.equal('log_limit 1048576\n')
    expect(await queue.ok('config', 'set', 'backoff_base', '3')).to.equal('backoff_base 3\n')
  })

  it('refuses a shell that this system does not have', async function () {
    if (process.platform === 'win32') return skip(this, 'not for Windows')
    expect(await refused('set', 'shell', 'powershell')).to.contain('no shell "powershell"')
    expect(await refused('set', 'shell', 'zsh')).to.contain('default, cmd or powershell')
    expect(await queue.ok('config', 'set', 'shell', 'default')).to.equal('shell default\n')
  })

  it('lists all settings', async () => {
    const settings = await queue.json('config', 'list')
    expect(settings.find((setting: { key: string }) => setting.key === 'log_limit')).to.include({
      value: 1_048_576,
      set: true,
    })
    const text = await queue.ok('config', 'list')
    expect(text).to.match(/^KEY .*\n(.*\n)*backoff_base +3 +2 /)
    expect(text).to.match(/^backoff_max +1d +1d /m)
    expect(text).to.match(/^log_limit +1\.0 MiB +64\.0 MiB /m)
  })

  it('does not change the policy of jobs that are already enqueued', async () => {
    await queue.ok('enqueue', '--id', 'before', '--', 'true')
    await queue.ok('config', 'set', 'max_retries', '7')
    expect((await queue.json('show', 'before')).max_retries).to.equal(3)
  })

  it('refuses unknown keys with a suggestion, and invalid values', async () => {
    expect(await refused('get', 'max_retris')).to.contain('did you mean max_retries?')
    expect(await refused('get', '__proto__')).to.contain('unknown setting')
    expect(await refused('set', 'max_retries', '1e9')).to.contain('from 0 to 100')
    expect(await refused('set', 'max_retries', '2.5')).to.contain('max_retries')
    expect(await refused('set', 'max_retries', 'many')).to.contain('max_retries')
    expect(await refused('set', 'concurrency', '0')).to.contain('concurrency')
    expect(await refused('set', 'grace', '-5')).to.contain('queuectl: ')
    expect(await refused('set', 'durability', 'some')).to.contain('normal or full')
  })
})
