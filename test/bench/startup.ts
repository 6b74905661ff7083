import { BUNDLE, newPlace, timeNode } from './program.ts'
import { type Figure, median, shuffled } from './report.ts'
import { fill } from './store.ts'

/** Wall time of whole commands of the bundle, against a Node that does nothing. */
export async function startup({ quick }: { quick: boolean }): Promise<Figure[]> {
  using place = newPlace()
  using large = newPlace()
  const million = quick ? 100_000 : 1_000_000
  await fill(large.db, million)
  timeNode([BUNDLE, 'enqueue', '--', 'true'], { place })
  const commands = {
    node: { args: ['-e', '0'], place },
    version: { args: [BUNDLE, '--version'], place },
    enqueue: { args: [BUNDLE, 'enqueue', '--', 'true'], place },
    status: { args: [BUNDLE, 'status'], place },
    status_large: { args: [BUNDLE, 'status'], place: large },
  }
  type Name = keyof typeof commands
  const rounds: Record<Name, number>[] = []
  for (let round = 0; round < (quick ? 7 : 25); round++) {
    const times = { node: 0, version: 0, enqueue: 0, status: 0, status_large: 0 }
    for (const name of shuffled(Object.keys(commands) as Name[]))
      times[name] = timeNode(commands[name].args, commands[name])
    rounds.push(times)
  }
  const ratio = (name: Name) => median(rounds.map((times) => times[name] / times.node))
  const figure = (label: string, name: Name): Figure => ({
    name: `${label} against node -e 0`,
    value: ratio(name),
    unit: '×',
    note: `${median(rounds.map((times) => times[name])).toFixed(0)} ms`,
  })
  return [
    { name: 'node -e 0', value: median(rounds.map((times) => times.node)), unit: 'ms' },
    figure('--version', 'version'),
    { ...figure('enqueue', 'enqueue'), target: { at_most: 1.6 } },
    figure('status', 'status'),
    figure(`status with ${million.toLocaleString('en')} jobs`, 'status_large'),
  ]
}
