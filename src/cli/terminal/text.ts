// Text from outside (commands, names, output) may hold anything. All text printed for people passes through here.

const NARROW_ONLY = /^[\x20-\x7e]*$/
// Built on demand: a class of Unicode characters costs a short command a fiftieth of its time.
const unsafe = once(() => /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu)
const unsafeButNewline = once(() => new RegExp(`(?!\\n)${unsafe().source}`, 'gu'))
const wide = once(
  () =>
    /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u,
)

/** `text` as one line that cannot control a terminal: control, direction and invisible characters become escapes. */
export function safe(text: string): string {
  return NARROW_ONLY.test(text) ? text : text.replace(unsafe(), escaped)
}

/** Like `safe`, for several lines: newlines stay, tabs become the spaces that a terminal shows. */
export function safeLines(text: string): string {
  return text.replaceAll('\r\n', '\n').split('\n').map(expandTabs).join('\n').replace(unsafeButNewline(), escaped)
}

/**
 * `value` as one line of JSON that cannot control a terminal: characters that JSON would not escape are escaped too.
 */
export function safeJson(value: unknown): string {
  const text = JSON.stringify(value)
  return NARROW_ONLY.test(text) ? text : text.replace(unsafe(), (char) => `\\u${hex(char, 4)}`)
}

/** Columns that `text` takes on a terminal. */
export function displayWidth(text: string): number {
  if (NARROW_ONLY.test(text)) return text.length
  let width = 0
  for (const char of text) width += /^\p{M}$/u.test(char) ? 0 : wide().test(char) ? 2 : 1
  return width
}

/** The beginning of `text` that fits in `columns`, with an ellipsis if it was cut. */
export function truncate(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text
  let width = 0
  let kept = ''
  for (const char of text) {
    width += displayWidth(char)
    if (width > columns - 1) break
    kept += char
  }
  return `${kept}…`
}

/** `text` padded with spaces on its right (or left) to `columns`. */
export function pad(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const spaces = ' '.repeat(Math.max(0, columns - displayWidth(text)))
  return align === 'left' ? text + spaces : spaces + text
}

function escaped(char: string): string {
  return char < '\u0100' ? `\\x${hex(char, 2)}` : `\\u${hex(char, 4)}`
}

function hex(char: string, digits: number): string {
  return (char.codePointAt(0) ?? 0).toString(16).padStart(digits, '0')
}

function expandTabs(line: string): string {
  if (!line.includes('\t')) return line
  let expanded = ''
  for (const [index, part] of line.split('\t').entries()) {
    if (index > 0) expanded += ' '.repeat(8 - (displayWidth(expanded) % 8))
    expanded += part
  }
  return expanded
}

function once<T>(create: () => T): () => T {
  let value: T | undefined
  return () => {
    value ??= create()
    return value
  }
}
