import type { LogLocation } from '../../logs/run-output.ts'
import type { Context } from '../context.ts'
import { safeLines } from '../terminal/text.ts'

/** Prints output: `raw` bytes unchanged, or text that cannot control the terminal. With --json each chunk is a line. */
export class LogPrinter {
  readonly #context: Context
  readonly #raw: boolean
  #decoder = new TextDecoder()
  /** A held-back carriage return: its newline may be in the next chunk. */
  #held = ''
  #run = 0

  constructor(context: Context, raw: boolean) {
    this.#context = context
    this.#raw = raw
  }

  /** Starts the output of run `number`. */
  begin(number: number): void {
    this.#run = number
    this.#decoder = new TextDecoder()
  }

  print(chunk: Buffer): void {
    if (this.#raw && !this.#context.json) this.#context.write(chunk)
    else this.#text(this.#held + this.#decoder.decode(chunk, { stream: true }))
  }

  /** Reports that `bytes` bytes are missing here, and where the whole log is. */
  gap(bytes: number, log: LogLocation): void {
    this.end()
    this.#decoder = new TextDecoder()
    if (this.#context.json) this.#context.outJson({ run: this.#run, output: '', missing: bytes, log })
    else
      this.#context.note(
        `${bytes} bytes of run ${this.#run} are missing here; the whole log is on ${log.host}: ${log.path}`,
      )
  }

  /** Ends the output of a run: prints what was held back. */
  end(): void {
    if (!this.#raw || this.#context.json) this.#text(this.#held + this.#decoder.decode(), true)
  }

  #text(text: string, whole = false): void {
    this.#held = !whole && text.endsWith('\r') ? '\r' : ''
    const ready = text.slice(0, text.length - this.#held.length)
    if (ready === '') return
    if (this.#context.json) this.#context.outJson({ run: this.#run, output: ready })
    else this.#context.write(safeLines(ready))
  }
}
