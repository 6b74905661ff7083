/** A Markdown table. Cells are one line each; a bar in them is escaped. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(titles), `|${titles.map(() => '---|').join('')}`, ...rows.map(line)].join('\n')
}

/** `text` as code, for a table or a sentence. */
export const code = (text: string) => `\`${text}\``

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

/**
 * `page` with each generated part written again. A part stands between `<!-- generated: NAME -->` and `<!-- end -->`. Throws when the page
 * names a part that `parts` lacks, or leaves one out.
 */
export function fill(page: string, parts: Readonly<Record<string, string>>): string {
  const left = new Set(Object.keys(parts))
  const filled = page.replace(/(<!-- generated: ([\w-]+) -->\n)[\s\S]*?(<!-- end -->)/g, (_, head, name, end) => {
    const text = parts[name]
    if (text === undefined) throw new Error(`no generated part is named ${name}`)
    left.delete(name)
    return `${head}\n${text}\n\n${end}`
  })
  if (left.size > 0) throw new Error(`the page has no place for ${[...left].join(', ')}`)
  return filled
}
