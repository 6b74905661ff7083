import path from 'node:path'
import { type BenchOptions, BUNDLE, newPlace, timeCommand } from './program.ts'
import { type Figure, median, shuffled } from './report.ts'
import { fill } from './store.ts'

/** Targets for an executable, as ratios to a Node that does nothing; the bundle, which Node must load, takes longer. */
const TARGETS = { version: 1.1, help: 1.2, enqueue: 1.2, status: 1.35 } as const
const BUNDLE_TARGETS = { enqueue: 1.6 } as const

/** Wall time of whole commands of the bundle or of an executable, against a Node that does nothing. */
export async function startup(options: BenchOptions): Promise<Figure[]> {
  const { quick, binary, server } = options
  await using place = newPlace(options)
  await using large = newPlace(options)
  const million = options.size(quick ? 100_000 : 1_000_000)
  await fill(large.db, million)
  const [program = '', ...before] = binary ? [path.resolve(binary)] : [process.execPath, BUNDLE]
  const commands = {
    node: { file: process.execPath, args: ['-e', '0'], place },
    version: { file: program, args: [...before, '--version'], place },
    help: { file: program, args: [...before, '--help'], place },
    enqueue: { file: program, args: [...before, 'enqueue', '--', 'true'], place },
    status: { file: program, args: [...before, 'status'], place },
    status_large: { file: program, args: [...before, 'status'], place: large },
  }
  type Name = keyof typeof commands
  const names = Object.keys(commands) as Name[]
  const time = (name: Name) => timeCommand(commands[name].file, commands[name].args, commands[name])
  // The first call of each creates the store, and compiles the program if no code cache exists.
  for (const name of names) time(name)
  const rounds: Record<Name, number>[] = []
  for (let round = 0; round < (quick ? 7 : 25); round++) {
    rounds.push(Object.fromEntries(shuffled(names).map((name) => [name, time(name)])) as Record<Name, number>)
  }
  const targets: Partial<Record<Name, number>> = server ? {} : binary ? TARGETS : BUNDLE_TARGETS
  const figure = (label: string, name: Name): Figure => ({
    name: `${label} against node -e 0`,
    value: median(rounds.map((times) => times[name] / times.node)),
    unit: '×',
    ...(targets[name] && { target: { at_most: targets[name] } }),
    note: `${median(rounds.map((times) => times[name])).toFixed(0)} ms`,
  })
  return [
    { name: 'node -e 0', value: median(rounds.map((times) => times.node)), unit: 'ms' },
    figure('--version', 'version'),
    figure('--help', 'help'),
    figure('enqueue', 'enqueue'),
    figure('status', 'status'),
    figure(`status with ${million.toLocaleString('en')} jobs`, 'status_large'),
  ]
}
