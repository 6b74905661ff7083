import type { JobState, JobView } from '../../domain/job.ts'
import { displayWidth, pad, safe, truncate } from './text.ts'
import { isTerminal, terminalColumns } from './tty.ts'

export interface Column<Row> {
  title: string
  /** The cell's text; `table` makes it `safe`. */
  text: (row: Row) => string
  align?: 'left' | 'right'
  /** Takes the rest of the line and is cut to it. At most one column, best the last. */
  flexible?: boolean
  colour?: (row: Row) => Colour | null
}

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold'

const CODES: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33, cyan: 36, dim: 2, bold: 1 }
/** Lines are cut also when stdout is no terminal; --wide and --json show whole texts. */
const WIDTH_WITHOUT_TERMINAL = 120
const GAP = '  '

/** Aligned rows under their titles. A flexible column is cut to the width of the terminal unless `wide`. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], wide = false): string {
  const cells = rows.map((row) => columns.map((column) => safe(column.text(row))))
  const widths = columns.map((column, i) =>
    Math.max(displayWidth(column.title), ...cells.map((row) => displayWidth(row[i] ?? ''))),
  )
  const flexible = columns.findIndex((column) => column.flexible)
  if (flexible >= 0 && !wide) {
    const others = widths.reduce((sum, width, i) => sum + (i === flexible ? 0 : width + GAP.length), 0)
    widths[flexible] = Math.min(
      widths[flexible] ?? 0,
      Math.max(10, (terminalColumns() ?? WIDTH_WITHOUT_TERMINAL) - others),
    )
  }
  const line = (texts: readonly string[], paintCell: (text: string, i: number) => string) =>
    texts
      .map((text, i) => paintCell(pad(truncate(text, widths[i] ?? 0), widths[i] ?? 0, columns[i]?.align), i))
      .join(GAP)
      .trimEnd()
  return [
    line(
      columns.map((column) => column.title),
      (text) => paint(text, 'dim'),
    ),
    ...rows.map((row, r) => line(cells[r] ?? [], (text, i) => paint(text, columns[i]?.colour?.(row) ?? null))),
  ].join('\n')
}

/** Names and values, one pair per line, with aligned values. */
export function pairs(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([name]) => displayWidth(name)))
  return entries.map(([name, value]) => `${paint(pad(name, width), 'dim')}${GAP}${value}`.trimEnd()).join('\n')
}

/** `text` in colour, if stdout is a terminal that accepts colours. */
export function paint(text: string, colour: Colour | null): string {
  return colour === null || !coloured() ? text : `\x1b[${CODES[colour]}m${text}\x1b[0m`
}

const COLOURS: Partial<Record<JobState | JobView, Colour>> = {
  processing: 'cyan',
  completed: 'green',
  retrying: 'yellow',
  dead: 'red',
  cancelled: 'dim',
}

/** The colour of a state or view in tables. */
export const stateColour = (view: JobState | JobView): Colour | null => COLOURS[view] ?? null

function coloured(): boolean {
  return isTerminal(1) && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
}
