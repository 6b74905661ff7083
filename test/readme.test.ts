import { expect } from 'chai'
import type { Command } from 'commander'
import { Context } from '../src/cli/context.ts'
import { buildProgram } from '../src/cli/program.ts'
import { EXIT } from '../src/domain/errors.ts'
import { TRANSITIONS } from '../src/domain/outcome.ts'
import { SETTING_KEYS } from '../src/domain/settings.ts'
import { projectText } from './helpers/sources.ts'

const PROGRAM = await buildProgram(new Context([]))

describe('the README @fast', () => {
  const readme = projectText('README.md')
  const commands = leaves(PROGRAM, [])

  it('shows the states and transitions of the code', () => {
    const rows = [...section('States').matchAll(/^\| `(\w+)` \| ((?:`\w+`(?:, )?)+) \|/gm)]
    const drawn = rows.map(([, from, to]) => [from, [...(to ?? '').matchAll(/\w+/g)].map(String).sort()])
    expect(Object.fromEntries(drawn)).to.deep.equal(
      Object.fromEntries(Object.entries(TRANSITIONS).map(([from, to]) => [from, [...to].sort()])),
    )
  })

  it('names every command and option', () => {
    const reference = section('Commands')
    expect(commands.map(({ name }) => name).filter((name) => !reference.includes(`\`${name}`))).to.deep.equal([])
    const options = commands.flatMap(({ name, command }) => command.options.map(({ long }) => `${name} ${long}`))
    expect(options.filter((option) => !reference.includes(option.split(' ').at(-1) ?? ''))).to.deep.equal([])
  })

  it('names every setting and exit code', () => {
    expect(SETTING_KEYS.filter((key) => !section('Settings').includes(`| \`${key}\` |`))).to.deep.equal([])
    expect(Object.values(EXIT).filter((code) => !section('Exit codes').match(`\\b${code}\\b`))).to.deep.equal([])
  })

  /** From the heading `title` to the next one. */
  function section(title: string): string {
    return new RegExp(`^### ${title}$[\\s\\S]*?(?=^##)`, 'm').exec(readme)?.[0] ?? ''
  }
})

function leaves(command: Command, path: string[]): { name: string; command: Command }[] {
  if (command.commands.length === 0) return [{ name: path.join(' '), command }]
  return command.commands.flatMap((child) => leaves(child, [...path, child.name()]))
}
