import { writeSync } from 'node:fs'
import { EXIT, misconfigured } from '../domain/errors.ts'
import { effectiveSettings, type Settings } from '../domain/settings.ts'
import { isShared } from '../domain/store-address.ts'
import type { JobStore, StoreRole } from '../store/port.ts'
import { resolveAddress, type StoreAddress } from './resolve-store.ts'
import { safe, safeJson } from './terminal/text.ts'
import { isTerminal } from './terminal/tty.ts'

/** What a command receives: its output functions and the store, which is opened on first use. */
export class Context {
  readonly json: boolean
  /** The words after `--`; null without `--`. */
  readonly words: readonly string[] | null
  /** The value of `--db`, set when the arguments are parsed. */
  db: string | undefined
  /** Whether the store may be created in a database that other programs use. */
  init = false
  /** Whether a missing queue is created. Commands that only read or change an existing queue create nothing. */
  create = false
  #address: Promise<StoreAddress> | null = null
  #stores: JobStore[] = []
  #opened: Promise<JobStore> | null = null

  constructor(argv: readonly string[]) {
    const cut = argv.indexOf('--')
    this.words = cut < 0 ? null : argv.slice(cut + 1)
    this.json = argv.slice(0, cut < 0 ? argv.length : cut).includes('--json')
  }

  /** Writes `text` and a newline to stdout. The caller makes it `safe` first. */
  out(text: string): void {
    writeOut(`${text}\n`)
  }

  /** Writes a part of a job's output to stdout: text that was made `safe`, or raw bytes on request. */
  write(part: string | Buffer): void {
    writeOut(part)
  }

  /** Writes a JSON document, or one line of NDJSON. */
  outJson(value: unknown): void {
    this.out(safeJson(value))
  }

  /** Prints a note on stderr, apart from the result: one line, or one JSON object with --json. */
  note(text: string): void {
    this.err(`${this.json ? safeJson({ note: text }) : safe(`queuectl: ${text}`)}\n`)
  }

  /** Prints on a terminal that something takes long: `what` started `seconds` ago. */
  progress(what: string, seconds: number): void {
    if (!this.json && isTerminal(2)) this.note(`still ${what} after ${seconds} s`)
  }

  /** Writes `text` unchanged to stderr. */
  err(text: string): void {
    streaming = true
    process.stderr.write(text)
  }

  /** Resolves when all output is written: the process can exit without losing any. */
  async flush(): Promise<void> {
    if (!streaming) return
    const streams = stdout === null ? [process.stderr] : [stdout, process.stderr]
    await Promise.all(streams.map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve()))))
  }

  /**
   * Whether stdin and stdout are a terminal: a person can answer questions and sees what a short id was completed to.
   */
  get interactive(): boolean {
    return !this.json && isTerminal(0) && isTerminal(1)
  }

  /** Sets the exit code of the command, unless it fails. */
  exit(code: number): void {
    process.exitCode = code
  }

  /** The store's address and where it was set; to pass on to our own workers. */
  address(): Promise<StoreAddress> {
    this.#address ??= resolveAddress(this.db, (names) => {
      // A misspelt name must not silently lead to another queue.
      this.note(`ignored in .env: ${names.join(', ')} (queuectl help environment lists what .env may set)`)
    })
    return this.#address
  }

  /** The store. It is opened once for the command itself, and again for each other role. */
  store(role: StoreRole = 'command'): Promise<JobStore> {
    if (role !== 'command') return this.#open(role)
    this.#opened ??= this.#open(role)
    return this.#opened
  }

  /** The defaults, overridden by the settings in the store. */
  async config(): Promise<Settings> {
    return effectiveSettings(await (await this.store()).config())
  }

  async close(): Promise<void> {
    for (const store of this.#stores.splice(0)) await store.close()
  }

  async #open(role: StoreRole): Promise<JobStore> {
    const { address, origin, from_env_file } = await this.address()
    const [{ openStore }, { platform }] = await Promise.all([
      import('../store/open.ts'),
      import('../platform/platform.ts'),
    ])
    const untrusted = isShared(address) ? null : platform.untrustedFileSystem(address)
    if (untrusted !== null) {
      throw misconfigured(
        `${address} is on a ${untrusted} file system, which cannot keep a queue safely`,
        'use a local folder, or share the queue through MongoDB: --db mongodb://…',
      )
    }
    const source = from_env_file || origin === 'MONGODB_URI' ? `${origin}${from_env_file ? ' in .env' : ''}` : null
    try {
      const store = await openStore({
        address,
        role,
        ...(isShared(address) && { data_folder: platform.dataFolder() }),
        init: this.init,
        create: this.create,
        on_progress: (what, seconds) => this.progress(what, seconds),
        is_alive: (identity) => platform.liveness(identity) === 'alive',
      })
      this.#stores.push(store)
      if (source !== null) this.note(`store ${store.info.label} (${source})`)
      return store
    } catch (error) {
      if (source !== null) this.note(`the store’s address comes from ${source}`)
      throw error
    }
  }
}

/**
 * A reader that closes the pipe early (`| head -1`) is not an error. The stream behind process.stdout costs a short
 * command 6 ms of 43, so plain text is written without it. What a pipe does not accept at once goes through the stream.
 * Text beyond ASCII always does: a Windows console would decode its bytes wrongly.
 */
function writeOut(part: string | Buffer): void {
  const bytes = Buffer.from(part)
  let written = 0
  try {
    while (stdout === null && bytes.length === part.length && written < bytes.length)
      written += writeSync(1, bytes, written)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') outputFailed(error as NodeJS.ErrnoException)
  }
  if (written < bytes.length) stream().write(bytes.subarray(written))
}

/** Whether a stream was used: it may still buffer output. */
let streaming = false
let stdout: NodeJS.WriteStream | null = null

function stream(): NodeJS.WriteStream {
  streaming = true
  stdout ??= process.stdout.on('error', outputFailed)
  return stdout
}

function outputFailed({ code, message }: NodeJS.ErrnoException): never {
  if (code !== 'EPIPE') process.stderr.write(`queuectl: cannot write the output: ${message}\n`)
  process.exit(code === 'EPIPE' ? EXIT.ok : EXIT.io)
}
