import type { Command, Option } from 'commander'
import fc from 'fast-check'
import { Context } from '../../src/cli/context.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { SETTING_KEYS } from '../../src/domain/settings.ts'

/** Ids of the jobs in a fuzzed queue. */
export const IDS = ['completed', 'dead', 'cancelled', 'pending', 'scheduled', 'processing', 'retrying'] as const

/** Text for an argument: no NUL, valid Unicode. It leads no path out of its folder. */
export const anyText = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom('\u001b[2J', '\u009b2J', '\u202e', '\ufeff', 'a\tb\r\n', '%s', '\\', '"', "'", '__proto__'),
    fc.constantFrom('x', 'ü', '🎉').map((unit) => unit.repeat(5000)),
  )
  .map((text) =>
    text
      .replaceAll('\0', '')
      .replaceAll('..', '.')
      .replace(/^[/~]+/, '')
      .toWellFormed(),
  )

const NUMBERS = ['0', '1', '3', '-1', '1e3', '1e400', '0x10', '1.5', '9007199254740993', 'NaN', ' 1']
const TIMES = ['1', '5m', '1.5s', '0', '0ms', '1ms', '99999999999d', '1e3', '-5s', '5 m', 'none']
const DATES = [
  '2026-01-31T18:00:00Z',
  '2126-01-31',
  '2026-02-30',
  '+275760-09-13',
  '9999-12-31T23:59:59.999999999+14:00',
]
const NAMES = ['default', 'a', 'q.$', 'a,b', 'a b', '.', '..', 'x'.repeat(65)]
const JOBS = [
  '{"command":"true"}',
  '{"command":"true","id":"a"}',
  '{"command":"x","env":{"A":"b"}}',
  '{',
  '[]',
  '{"command":1}',
]
const STATES = ['pending', 'dead', 'completed,dead', 'ready', 'failed', 'scheduled', 'DEAD', ',']
const SETTINGS = [...SETTING_KEYS, 'max-retries', 'constructor', 'none', '64MiB']
const FILES = ['jobs.ndjson', 'data/queue.db', '.', 'no/such', 'backup.db', '']

/** Valid values, by the name of an option or argument. */
const FITTING: [RegExp, readonly string[]][] = [
  [/^ids?$|after/, [...IDS, ...IDS, 'p', 'nobody', 'w1', 's1']],
  [/timeout|delay|older|grace|backoff-max|wait/, TIMES],
  [/run-at|since|until/, DATES],
  [/queue/, NAMES],
  [/state/, STATES],
  [/sort/, ['newest', 'oldest', 'due', 'order', 'finished', 'random']],
  [/^job$/, JOBS],
  [/file|cwd|to|from/, FILES],
  [/key|value/, [...SETTINGS, ...NUMBERS, ...TIMES]],
  [/env/, ['A=b', 'A=', '=b', 'A', 'PATH=', '__proto__=x']],
  [/shell/, ['bash', 'zsh', 'fish', 'powershell', 'cmd', 'default']],
]

function valueFor(name: string): fc.Arbitrary<string> {
  const fitting = FITTING.find(([pattern]) => pattern.test(name))?.[1] ?? NUMBERS
  const others = [...NUMBERS, ...TIMES, ...DATES, ...NAMES, ...JOBS, ...STATES, ...SETTINGS, ...FILES]
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...fitting) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
    { weight: 1, arbitrary: anyText },
  )
}

interface Place {
  path: string[]
  command: Command
}

/** The commands without subcommands, as the program registers them. */
function places(command: Command, path: string[]): Place[] {
  if (command.commands.length === 0) return [{ path, command }]
  return command.commands.flatMap((one) => places(one, [...path, one.name()]))
}

const STRAY = ['--', '--json', '-h', '--nonsense', '-x', '--db', '--help=1', '', 'more']

/** Options with which a command runs until it is cut off. */
const STAYS = new Set(['--watch', '--wait', '--follow'])

function argvOf({ path, command }: Place): fc.Arbitrary<string[]> {
  const options = command.options.map((option) => ({
    weight: STAYS.has(option.long ?? '') ? 1 : 8,
    arbitrary: anyOption(option),
  }))
  const args = command.registeredArguments.map((argument) =>
    fc.array(valueFor(argument.name()), { minLength: argument.required ? 1 : 0, maxLength: argument.variadic ? 3 : 1 }),
  )
  return fc
    .record({
      args: fc.tuple(...args),
      options: fc.array(fc.oneof({ weight: 8, arbitrary: fc.constant<string[]>([]) }, ...options), { maxLength: 4 }),
      stray: fc.oneof(
        { weight: 6, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.constantFrom(...STRAY).map((word) => [word]) },
      ),
      json: fc.constantFrom([], ['--json']),
    })
    .map(({ args, options, stray, json }) => [...path, ...json, ...options.flat(), ...stray, ...args.flat()])
}

function anyOption({ long, required, optional }: Option): fc.Arbitrary<string[]> {
  const name = long ?? ''
  if (!required && !optional) return fc.constant([name])
  const value = valueFor(name.slice(2))
  return fc.oneof(
    value.map((text) => [name, text]),
    value.map((text) => [`${name}=${text}`]),
  )
}

/** Excluded in this process: commands that start workers or this program again, or read stdin. */
const forProcesses = ([first, second, ...rest]: readonly string[]) =>
  (first === 'worker' && second === 'start') ||
  first === 'demo' ||
  [second, ...rest].some((word) => /^(-|--file=?-)$/.test(word ?? ''))

const PLACES = places(await buildProgram(new Context([])), [])

/** A command line that starts workers, without detached ones: no test would stop those. */
export const anyStart: fc.Arbitrary<string[]> = fc
  .oneof(...PLACES.filter(({ path }) => path.join(' ') === 'worker start').map(argvOf))
  .filter((argv) => !argv.some((word) => word.startsWith('--de')))

/** A command line of one of the commands, with some of its options, mostly with valid values. */
export const anyArgv: fc.Arbitrary<string[]> = fc.oneof(...PLACES.map(argvOf)).filter((argv) => !forProcesses(argv))
