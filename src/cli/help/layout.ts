/** Columns of a topic: the smallest usual terminal. */
const WIDTH = 80
const GAP = 2

/** `text` wrapped at spaces to 80 columns, each line indented by `indent` spaces. */
export function paragraph(text: string, indent = 0): string {
  return wrapped(text, WIDTH - indent)
    .map((line) => ' '.repeat(indent) + line)
    .join('\n')
}

/** Terms in one column and their meanings, wrapped, in another. */
export function definitions(entries: readonly (readonly [term: string, meaning: string])[]): string {
  const column = Math.max(...entries.map(([term]) => term.length)) + 2 * GAP
  const rows = entries.map(([term, meaning]) => {
    const [first = '', ...rest] = wrapped(meaning, WIDTH - column)
    const head = `${' '.repeat(GAP)}${term}`.padEnd(column) + first
    return [head, ...rest.map((line) => ' '.repeat(column) + line)].join('\n')
  })
  return rows.join('\n')
}

/** The parts of a topic, separated by empty lines. */
export function sections(...parts: readonly string[]): string {
  return parts.join('\n\n')
}

function wrapped(text: string, columns: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
