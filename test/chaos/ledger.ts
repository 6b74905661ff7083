import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

/** The events that jobs write: see job.sh. */
export const WORDS = ['start', 'tick', 'end', 'child', 'daemon', 'daemon_end', 'double', 'kill'] as const
export type Word = (typeof WORDS)[number]

/** One line of the ledger. */
export interface Line {
  job: string
  run: number
  token: string
  /** Seconds since boot. */
  at: number
  pid: number
  /** Start time of the process, in clock ticks since boot. */
  started: string
  word: Word
  /** The text after the word. */
  rest: string
}

export interface Ledger {
  /** In the order in which they were written. */
  lines: Line[]
  /** Lines that a kill cut short. */
  torn: number
}

const FORM = /^(\S+) (\d+) ([0-9a-z]{20}) ([\d.]+) (\d+) (\d+) (\w+) ?(.*)$/

/** Reads the whole ledger of a run. */
export function readLedger(file: string): Ledger {
  const lines: Line[] = []
  let torn = 0
  for (const text of readFileSync(file, 'utf8').split('\n')) {
    const line = parseLine(text)
    if (line) lines.push(line)
    else if (text !== '') torn++
  }
  return { lines, torn }
}

/** Parses one line; null: it is empty or was cut short. */
export function parseLine(text: string): Line | null {
  const [, job, run, token, at, pid, started, word, rest] = FORM.exec(text) ?? []
  if (job === undefined || token === undefined || started === undefined || !isWord(word)) return null
  return { job, run: Number(run), token, at: Number(at), pid: Number(pid), started, word, rest: rest ?? '' }
}

/** Reads a ledger as it grows. */
export class LedgerTail {
  readonly #file: string
  readonly #buffer = Buffer.alloc(64 * 1024)
  #at = 0
  #rest = ''

  constructor(file: string) {
    this.#file = file
  }

  /** The lines since the last call. */
  read(): Line[] {
    const fd = openSync(this.#file, 'r')
    try {
      let text = this.#rest
      for (let bytes = -1; bytes !== 0; this.#at += bytes) {
        bytes = readSync(fd, this.#buffer, 0, this.#buffer.length, this.#at)
        text += this.#buffer.toString('latin1', 0, bytes)
      }
      const whole = text.split('\n')
      this.#rest = whole.pop() ?? ''
      return whole.flatMap((one) => parseLine(one) ?? [])
    } finally {
      closeSync(fd)
    }
  }
}

/** Seconds since boot, by the clock of the ledger. */
export function uptime(): number {
  return Number.parseFloat(readFileSync('/proc/uptime', 'utf8'))
}

function isWord(text: string | undefined): text is Word {
  return (WORDS as readonly (string | undefined)[]).includes(text)
}
