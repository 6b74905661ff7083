import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { invalid, ioError } from '../../domain/errors.ts'
import { LIMITS } from '../../domain/job.ts'
import { parseJsonObject } from './json-text.ts'

/** One line of bulk input that is not blank. */
export interface Line {
  /** From 1. */
  number: number
  text: string
}

/** The lines of a file, or of stdin for `-`. Throws `io` (74) when it cannot be read, `invalid` when it is not text. */
export async function readLines(file: string): Promise<Line[]> {
  return decode(await readWhole(file), file === '-' ? 'stdin' : file)
    .split('\n')
    .map((text, i) => ({ number: i + 1, text: text.replace(/\r$/, '') }))
    .filter(({ text }) => text.trim() !== '')
}

/** The fields of the job on a line: a JSON object if it begins with `{`, else a bare command. Throws `invalid`. */
export function parseLine({ text }: Line): Record<string, unknown> {
  if (text.length > LIMITS.line) throw invalid(`too long: ${text.length} characters; the limit is ${LIMITS.line}`)
  return text.trimStart().startsWith('{') ? parseJsonObject(text) : { command: text }
}

async function readWhole(file: string): Promise<Buffer> {
  try {
    if (file !== '-') return await readFile(file)
    const chunks: Buffer[] = []
    for await (const chunk of process.stdin) chunks.push(chunk)
    return Buffer.concat(chunks)
  } catch (error) {
    throw ioError(`cannot read ${file === '-' ? 'stdin' : file}: ${(error as Error).message}`)
  }
}

function decode(bytes: Buffer, name: string): string {
  // Windows PowerShell 5 writes this encoding for `>`.
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le', 2)
  if (!isUtf8(bytes)) throw invalid(`${name} is not UTF-8 text`, 'write one JSON object or one command per line')
  return bytes.toString('utf8').replace(/^\ufeff/, '')
}
