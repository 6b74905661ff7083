import type { LogLocation } from '../../logs/run-output.ts'
import type { Context } from '../context.ts'
import { safeLines } from '../terminal/text.ts'

/** How output is printed: `raw` bytes as they are, or text that cannot steer the terminal. With --json each chunk is a line. */
export class LogPrinter {
  readonly #context: Context
  readonly #raw: boolean
  #decoder = new TextDecoder()
  /** A carriage return whose newline may come with the next chunk. */
  #held = ''
  #run = 0

  constructor(context: Context, raw: boolean) {
    this.#context = context
    this.#raw = raw
  }

  /** Output of run `number` follows. */
  begin(number: number): void {
    this.#run = number
    this.#decoder = new TextDecoder()
  }

  print(chunk: Buffer): void {
    if (this.#raw && !this.#context.json) this.#context.write(chunk)
    else this.#text(this.#held + this.#decoder.decode(chunk, { stream: true }))
  }

  /** Says that `bytes` bytes are left out here, and where they are. */
  gap(bytes: number, log: LogLocation): void {
    this.end()
    this.#decoder = new TextDecoder()
    if (this.#context.json) this.#context.outJson({ run: this.#run, output: '', missing: bytes, log })
    else
      this.#context.note(
        `${bytes} bytes of run ${this.#run} are left out; the whole log is on ${log.host}: ${log.path}`,
      )
  }

  /** The run has ended: what was held back is printed. */
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
