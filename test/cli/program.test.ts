import { expect } from 'chai'
import type { Command } from 'commander'
import { Context } from '../../src/cli/context.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { queuectl, startQueuectl } from '../helpers/queuectl.ts'

describe('the command line @fast', () => {
  it('suggests the right command for a mistyped one, in one line and a hint, exit 2', async () => {
    const { code, stdout, stderr } = await queuectl(['lst'])
    expect({ code, stdout, stderr }).to.deep.equal({
      code: 2,
      stdout: '',
      stderr: 'queuectl: unknown command "lst"\n  did you mean list?\n',
    })
  })

  it('suggests it also when the help of a mistyped command is requested', async () => {
    for (const argv of [
      ['help', 'statsu'],
      ['statsu', '--help'],
    ]) {
      const { code, stdout, stderr } = await queuectl(argv)
      expect({ code, stdout }, argv.join(' ')).to.deep.equal({ code: 2, stdout: '' })
      expect(stderr).to.contain('did you mean status?')
    }
    expect((await queuectl(['help', 'worker', 'strat'])).stderr).to.contain('did you mean start?')
    expect((await queuectl(['help', 'status'])).stdout).to.match(/^Usage: queuectl status/)
  })

  it('suggests options and subcommands too', async () => {
    expect((await queuectl(['list', '--stat', 'dead'])).stderr).to.contain('did you mean --state?')
    const { code, stderr } = await queuectl(['worker', 'strat'])
    expect(code).to.equal(2)
    expect(stderr).to.contain('did you mean start?')
  })

  it('reports a failure as one JSON object on stderr with --json', async () => {
    const { code, stdout, stderr } = await queuectl(['--json', 'status', '--nonsense'])
    expect(code).to.equal(2)
    expect(stdout).to.equal('')
    expect(JSON.parse(stderr).error).to.have.keys('code', 'message', 'hint')
    expect(JSON.parse(stderr).error.code).to.equal('usage')
  })

  it('accepts --json and --db before and after the command', async () => {
    for (const args of [
      ['--json', '--db', 'a.db', 'init'],
      ['init', '--db', 'a.db', '--json'],
    ])
      expect(JSON.parse((await queuectl(args)).stdout).store).to.match(/a\.db$/)
  })

  it('refuses surplus arguments, and shows help on stderr when the command is missing', async () => {
    expect((await queuectl(['status', 'x'])).code).to.equal(2)
    const nothing = await queuectl([])
    expect(nothing.code).to.equal(2)
    expect(nothing.stdout).to.equal('')
    expect(nothing.stderr).to.contain('Usage: queuectl')
    for (const args of [['--json'], ['worker', '--json']]) {
      const { code, stdout, stderr } = await queuectl(args)
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' })
      expect(JSON.parse(stderr).error).to.include({ code: 'usage', message: 'missing command' })
    }
  })

  it('has help with an example for every command', async () => {
    for (const command of everyCommand(await buildProgram(new Context([])))) {
      let help = ''
      command
        .configureOutput({
          writeOut(text) {
            help += text
          },
        })
        .outputHelp()
      expect(help, command.name()).to.match(/Examples?:\n {2}\$ queuectl /)
      expect(help, command.name()).to.contain('--json')
    }
    const { code, stdout } = await queuectl(['help', 'enqueue'])
    expect(code).to.equal(0)
    expect(stdout).to.contain('--max-retries')
  })

  it('exits quietly when its reader closes the pipe', async () => {
    const child = startQueuectl(['help', 'enqueue'])
    child.stdout?.destroy()
    let stderr = ''
    child.stderr?.on('data', (chunk) => {
      stderr += chunk
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
  })
})

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)]
}
