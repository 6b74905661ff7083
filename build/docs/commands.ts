import type { EventEmitter } from 'node:events'
import type { Command, Option } from 'commander'
import { Context } from '../../src/cli/context.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { code, table } from './markdown.ts'

const PROGRAM = await buildProgram(new Context([]))

/** Every command that does something, by what is typed: `worker start`. */
export function leaves(command: Command = PROGRAM, path: readonly string[] = []): Leaf[] {
  if (command.commands.length === 0) return [{ name: path.join(' '), command }]
  return command.commands.flatMap((child) => leaves(child, [...path, child.name()]))
}

interface Leaf {
  name: string
  command: Command
}

/** A line for each command, and behind it a section for each with its options and examples. */
export function commandsPart(): string {
  const all = leaves()
  const index = table(
    ['command', 'what it does'],
    all.map(({ name, command }) => [`[${code(name)}](#${anchor(name)})`, command.summary() || command.description()]),
  )
  return [index, ...all.map(section)].join('\n\n')
}

/** Options that every command takes. */
export function globalOptionsPart(): string {
  return optionTable(PROGRAM.options)
}

function section({ name, command }: Leaf): string {
  const usage = `queuectl ${name} ${command.usage()}`.replaceAll('  |  ', '\nqueuectl ')
  const args = command.registeredArguments.map((argument) => [
    code(argument.required ? `<${argument.name()}>` : `[${argument.name()}]`),
    argument.description,
  ])
  return [
    `### ${name}`,
    sentence(command.description()),
    `\`\`\`text\n${usage}\n\`\`\``,
    args.length > 0 ? table(['argument', 'meaning'], args) : '',
    command.options.length > 0 ? optionTable(command.options) : '',
    afterHelp(command),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function optionTable(options: readonly Option[]): string {
  return table(
    ['option', 'meaning'],
    options.map((option) => [code(option.flags), option.description + byDefault(option)]),
  )
}

const byDefault = ({ defaultValue }: Option) =>
  typeof defaultValue === 'string' ? ` (default: ${code(defaultValue)})` : ''

/** What stands below the options in the help: paragraphs, and examples that become a block of their own. */
function afterHelp(command: Command): string {
  let text = ''
  const write = (more: string) => {
    text += more
  }
  // Its types leave out that it is one.
  const emitter = command as unknown as EventEmitter
  emitter.emit('afterHelp', { error: false, command, write })
  const [prose = '', examples = ''] = text.trim().split(/^Examples?:\n/m)
  const block = examples.trim().replaceAll(/^ *\$ /gm, '')
  return [prose.trim(), block === '' ? '' : `\`\`\`sh\n${block}\n\`\`\``].filter((part) => part !== '').join('\n\n')
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`
}

/** As GitHub makes it of a heading. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-')
