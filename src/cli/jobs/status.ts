import { VIEWS } from '../../domain/job.ts'
import { formatDuration, relative } from '../../domain/units.ts'
import { sleep } from '../../lib/clock.ts'
import type { Overview } from '../../store/port.ts'
import { lowSpaceText } from '../../views/disk-space.ts'
import { isServing, type Seen } from '../../views/process-view.ts'
import { hostsOf, lastBeat, readStatus, type Status, statusToJson, workersByState } from '../../views/status-view.ts'
import type { Throughput } from '../../views/throughput.ts'
import type { Context } from '../context.ts'
import { type Column, paint, pairs, stateColour, table } from '../terminal/table.ts'
import { safe } from '../terminal/text.ts'
import { terminalLines } from '../terminal/tty.ts'
import { hostNames } from '../workers/process-names.ts'
import { openTicker } from './ticker.ts'

/**
 * With --watch: at least this long between two updates, and an update each second at the latest, to keep ages current.
 */
const DRAW_MS = { least: 250, most: 1_000 }

/** `status`: once, or with --watch until Ctrl-C. */
export async function status(context: Context, options: { byQueue?: boolean; watch?: boolean }): Promise<void> {
  const store = await context.store()
  const print = async () => {
    const now = await readStatus(store)
    if (context.json) context.outJson(statusToJson(now, options.byQueue === true))
    else {
      const text = statusText(now, options.byQueue === true)
      context.out(options.watch ? redrawn(text) : text)
    }
  }
  await print()
  if (!options.watch) return
  const interrupt = new AbortController()
  process.once('SIGINT', () => interrupt.abort())
  const ticker = openTicker(store, interrupt.signal, DRAW_MS.most)
  while (!interrupt.signal.aborted) {
    await ticker.next()
    await print()
    if (!interrupt.signal.aborted) await sleep(DRAW_MS.least)
  }
  ticker.close()
}

function statusText({ store, overview, throughput, processes, low_space, now }: Status, byQueue: boolean): string {
  const { total, queues, oldest_ready_at } = overview
  const ages =
    oldest_ready_at === null ? 'none' : `waiting for ${formatDuration(Math.max(0, now - oldest_ready_at) / 1000)}`
  const facts = pairs([
    ['Store', safe(store.label)],
    ...VIEWS.map((view): [string, string] => [
      view[0]?.toUpperCase() + view.slice(1),
      paint(String(total[view]), total[view] > 0 ? stateColour(view) : 'dim'),
    ]),
    ['Oldest ready', ages],
    ['Throughput', throughput.map(rate).join('   ')],
    ['Workers', workersText(processes)],
    ...hostPairs(processes, now),
    ...low_space.map((low): [string, string] => ['Disk', paint(safe(lowText(low)), 'red')]),
  ])
  return byQueue ? `${facts}\n\n${queueTable(queues)}` : facts
}

const lowText = (low: Status['low_space'][number]) => `no job starts on ${low.host}: ${lowSpaceText(low)}`
const rate = ({ minutes, done, failed }: Throughput) => `${minutes} min: ${done} done, ${failed} failed`

function queueTable(queues: Overview['queues']): string {
  const rows = Object.entries(queues).sort(([a], [b]) => (a < b ? -1 : 1))
  const columns: Column<(typeof rows)[number]>[] = [
    { title: 'QUEUE', text: ([name]) => name },
    ...VIEWS.map(
      (view): Column<(typeof rows)[number]> => ({
        title: view.toUpperCase(),
        text: ([, counts]) => String(counts[view]),
        align: 'right',
        colour: ([, counts]) => (counts[view] > 0 ? stateColour(view) : 'dim'),
      }),
    ),
  ]
  return table(columns, rows)
}

/**
 * On a terminal, the text replaces what is shown, cut to the screen: more lines would scroll. A file gets the whole
 * text at each update.
 */
function redrawn(text: string): string {
  const most = terminalLines()
  if (most === null) return `\n${text}`
  const lines = text.split('\n')
  // The cursor needs the line below the last one.
  const fits = most - 1
  const shown = lines.length <= fits ? lines : [...lines.slice(0, fits - 1), `… ${lines.length - fits + 1} more lines`]
  return `\x1b[H\x1b[J${shown.join('\n')}`
}

/** The numbers of workers as text. */
function workersText(processes: readonly Seen[]): string {
  const { total = 0, ...states } = workersByState(processes)
  const parts = Object.entries(states).filter(([, count]) => count > 0)
  const detail = parts.map(([state, count]) => `${count} ${safe(state)}`).join(', ')
  return detail === '' ? 'none' : `${total} (${detail})`
}

/** One line per host, if there are several. */
function hostPairs(processes: readonly Seen[], now: number): [string, string][] {
  const hosts = hostsOf(processes)
  if (hosts.length < 2) return []
  const name = hostNames(hosts)
  return hosts.map((host) => {
    const away = host.processes.some(isServing) ? '' : `, last heartbeat ${relative(lastBeat(host), now)}`
    return [`  ${name(host)}`, paint(workersText(host.processes) + away, away === '' ? null : 'red')]
  })
}
