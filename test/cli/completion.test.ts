import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { queuectl } from '../helpers/queuectl.ts'
import { skip } from '../helpers/skip.ts'
import { tempFolder } from '../helpers/temp.ts'

const has = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0

describe('completion @fast', () => {
  it('completes commands, subcommands and options in bash', async function () {
    if (!has('bash')) skip(this, 'no bash')
    const script = await scriptFor('bash')
    const complete = (...words: string[]) => {
      const line = `. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _queuectl; echo "\${COMPREPLY[*]}"`
      return spawnSync('bash', ['-c', line, script, 'queuectl', ...words], { encoding: 'utf8' }).stdout.trim()
    }
    expect(complete('enq')).to.equal('enqueue')
    expect(complete('worker', 'st')).to.equal('start stop')
    expect(complete('--json', 'worker', 'start', '--co')).to.equal('--count --concurrency')
    expect(complete('dlq', '')).to.match(/^list show retry purge --/)
    expect(complete('enqueue', '--', 'wor'), 'no completion for the words of a job’s command').to.equal('')
  })

  it('is valid in fish and zsh, where they are installed', async function () {
    const shells = ['fish', 'zsh'].filter(has)
    if (shells.length === 0) skip(this, 'no zsh and no fish')
    for (const shell of shells) {
      const { status, stderr } = spawnSync(shell, ['-n', await scriptFor(shell)], { encoding: 'utf8' })
      expect({ status, stderr }, shell).to.deep.equal({ status: 0, stderr: '' })
    }
  })

  it('is one JSON document with --json', async () => {
    const { stdout } = await queuectl(['completion', 'zsh', '--json'])
    expect(JSON.parse(stdout)).to.have.keys('shell', 'script')
    expect(JSON.parse(stdout).script).to.match(/^#compdef queuectl\n/)
  })

  it('names every command for PowerShell, and refuses other shells', async () => {
    const { stdout } = await queuectl(['completion', 'powershell'])
    expect(stdout).to.contain("'worker start' = @(").and.to.contain("@('--max-retries', ")
    expect((await queuectl(['completion', 'tcsh'])).code).to.equal(2)
  })

  async function scriptFor(shell: string): Promise<string> {
    const file = path.join(tempFolder(), shell)
    writeFileSync(file, (await queuectl(['completion', shell])).stdout)
    return file
  }
})
