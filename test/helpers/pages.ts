import { readdirSync } from 'node:fs'
import path from 'node:path'
import { projectText, ROOT } from './sources.ts'

/** One page that people read. */
export interface Page {
  /** From the project's folder, with `/`: `docs/recipes.md`. */
  path: string
  text: string
  /** `text` without its blocks of code. */
  prose: string
  blocks: Block[]
}

/** A block of code: ```` ```sh ````. */
export interface Block {
  language: string
  text: string
  /** The nearest heading above it. */
  heading: string
  /** HTML comments between that heading, or the block before, and this one: what a reader does not see. */
  notes: string[]
}

/** Every page of the project: those beside the README, and all of docs/. */
export function pages(): Page[] {
  const below = readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  return [...readdirSync(ROOT), ...below.map((name) => `docs/${name.replaceAll(path.sep, '/')}`)]
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map(page)
}

/** The page at `name`, from the project's folder. */
export function page(name: string): Page {
  // Git for Windows may write lines in the way of Windows.
  const text = projectText(name).replaceAll('\r\n', '\n')
  return { path: name, text, prose: text.replace(/^```[\s\S]*?^```$/gm, ''), blocks: blocksOf(text) }
}

function blocksOf(text: string): Block[] {
  const blocks: Block[] = []
  let heading = ''
  let notes: string[] = []
  for (const [, title, note, language, body] of text.matchAll(
    /^#+ (.+)$|^<!-- ([\s\S]*?)\s*-->$|^```(\w*)\n([\s\S]*?)^```$/gm,
  )) {
    if (title !== undefined) {
      heading = title
      notes = []
    } else if (note !== undefined) notes.push(note)
    else {
      blocks.push({ language: language ?? '', text: body ?? '', heading, notes })
      notes = []
    }
  }
  return blocks
}

/** The anchors that GitHub makes of the headings of a page. */
export function anchorsOf({ prose }: Page): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of prose.matchAll(/^#+ (.+)$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const anchor = words.replaceAll(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-')
    let unique = anchor
    for (let n = 1; anchors.has(unique); n++) unique = `${anchor}-${n}`
    anchors.add(unique)
  }
  return anchors
}
