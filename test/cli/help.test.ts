import { expect } from 'chai'
import type { Command } from 'commander'
import { Context } from '../../src/cli/context.ts'
import { GIVEN, READ } from '../../src/cli/help/environment.ts'
import { findCommand } from '../../src/cli/help/find-command.ts'
import { RECIPES } from '../../src/cli/help/recipes.ts'
import { TOPICS } from '../../src/cli/help/topics.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { EXIT } from '../../src/domain/errors.ts'
import { JOB_STATES, JOB_VIEWS } from '../../src/domain/job.ts'
import { GIVEN_FIELDS } from '../../src/domain/job-fields.ts'
import { SETTING_KEYS } from '../../src/domain/settings.ts'
import { queuectl } from '../helpers/queuectl.ts'
import { sourceFiles } from '../helpers/sources.ts'

/** Variables between our own processes and in tests; `QUEUECTL_` alone is the prefix. */
const INTERNAL =
  /^QUEUECTL_(|COMMAND|COMMIT|VERSION|TARGET|DB_WITHHELD|GO|KILL_POINTS|SUPERVISOR|SUPERVISOR_LOG|WORKER)$/

describe('help', () => {
  const topic = async (name: string) => (await TOPICS[name]?.()) ?? ''

  it('shows the help of a subcommand', async () => {
    const { code, stdout } = await queuectl(['help', 'worker', 'start'])
    expect(code).to.equal(0)
    expect(stdout).to.match(/^Usage: queuectl worker start \[options\]/)
    expect((await queuectl(['worker', 'start', '--help'])).stdout).to.equal(stdout)
    expect((await queuectl(['help', 'worker'])).stdout).to.match(/^Usage: queuectl worker \[options\] \[command\]/)
    expect((await queuectl(['help'])).stdout).to.match(/^Usage: queuectl [\s\S]*Topics.*\n.*exit-codes/)
  })

  it('explains each topic in plain text of at most 80 columns', async () => {
    for (const name of Object.keys(TOPICS)) {
      const { code, stdout, stderr } = await queuectl(['help', name])
      expect({ code, stderr }, name).to.deep.equal({ code: 0, stderr: '' })
      expect(stdout.length, name).to.be.above(300)
      expect(stdout).to.not.contain('undefined')
      expect(stdout.split('\n').filter((line) => line.length > 80)).to.deep.equal([])
    }
    const { stdout } = await queuectl(['help', 'states', '--json'])
    expect(JSON.parse(stdout)).to.have.keys('topic', 'text')
    // What stands behind a command is passed over too.
    expect((await queuectl(['help', 'states', 'pending'])).stdout).to.equal((await queuectl(['help', 'states'])).stdout)
  })

  it('names the nearest topic for an unknown word, exit 2', async () => {
    expect(await queuectl(['help', 'exitcodes'])).to.deep.equal({
      code: 2,
      stdout: '',
      stderr: 'queuectl: unknown command or topic "exitcodes"\n  did you mean exit-codes?\n',
    })
    const { code, stderr } = await queuectl(['help', 'philosophy'])
    expect(code).to.equal(2)
    expect(stderr).to.contain('unknown command or topic "philosophy"')
  })

  it('lists every exit code, setting, field and state', async () => {
    const names = {
      'exit-codes': Object.values(EXIT).map(String),
      settings: SETTING_KEYS,
      fields: GIVEN_FIELDS,
      states: [...JOB_STATES, ...JOB_VIEWS],
    }
    for (const [name, words] of Object.entries(names)) {
      const text = await topic(name)
      expect(words.filter((word) => !new RegExp(`^  ${word}  `, 'm').test(text))).to.deep.equal([])
    }
  })

  it('lists every variable that the program reads or passes to jobs', () => {
    const used = sourceFiles('src')
      .filter(({ path }) => !path.startsWith('src/cli/help/'))
      .flatMap(({ code }) => [...code.matchAll(/\bQUEUECTL_\w*/g)].map(String))
    const unknown = used.filter((name) => !INTERNAL.test(name) && !(name in READ) && !(name in GIVEN))
    expect(unknown).to.deep.equal([])
    expect(
      Object.keys({ ...READ, ...GIVEN }).filter((name) => /^QUEUECTL_/.test(name) && !used.includes(name)),
    ).to.deep.equal([])
  })

  it('has recipes with existing commands and options only', async () => {
    const program = await buildProgram(new Context([]))
    const typed = RECIPES.flatMap(({ lines }) => lines).flatMap((line) =>
      [...line.matchAll(/\bqueuectl ([a-z].*?)(?= -- | \||\\$|#|$)/g)].map(([, words = '']) => words.split(' ')),
    )
    expect(typed.length).to.be.above(10)
    for (const words of typed) {
      const command = findCommand(program, words)
      expect(command.commands, words.join(' ')).to.deep.equal([])
      const options = words.filter((word) => /^--\w/.test(word))
      expect(options.filter((option) => !knows(command, option))).to.deep.equal([])
    }
  })
})

function knows(command: Command, option: string): boolean {
  return option === '--json' || command.options.some(({ long }) => long === option)
}
