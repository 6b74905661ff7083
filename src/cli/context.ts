import { writeSync } from 'node:fs'
import { EXIT, misconfigured } from '../domain/errors.ts'
import { effectiveSettings, type Settings } from '../domain/settings.ts'
import { isShared } from '../domain/store-address.ts'
import type { JobStore, StoreRole } from '../store/port.ts'
import { resolveAddress, type StoreAddress } from './resolve-store.ts'
import { safe, safeJson } from './terminal/text.ts'
import { isTerminal } from './terminal/tty.ts'

/** What a command gets: its ways to speak, and the store, opened when first asked for. */
export class Context {
  readonly json: boolean
  /** What stood behind `--`; null when there was none. */
  readonly words: readonly string[] | null
  /** `--db`, once the arguments are parsed. */
  db: string | undefined
  /** The store may lie in a database that other programs use. */
  init = false
  /** Whether a queue that is not there is created; commands that only read or change what is there leave nothing behind. */
  create = false
  #address: Promise<StoreAddress> | null = null
  #stores: JobStore[] = []
  #opened: Promise<JobStore> | null = null

  constructor(argv: readonly string[]) {
    const cut = argv.indexOf('--')
    this.words = cut < 0 ? null : argv.slice(cut + 1)
    this.json = argv.slice(0, cut < 0 ? argv.length : cut).includes('--json')
  }

  /** Writes `text` and a newline to stdout. The caller has made it `safe`. */
  out(text: string): void {
    writeOut(`${text}\n`)
  }

  /** Writes a part of a job's output to stdout: text made `safe`, or bytes that were asked for as they are. */
  write(part: string | Buffer): void {
    writeOut(part)
  }

  /** Writes the one JSON document, or one line of several. */
  outJson(value: unknown): void {
    this.out(safeJson(value))
  }

  /** Says something beside the result, on stderr: one line, or one JSON object with --json. */
  note(text: string): void {
    this.err(`${this.json ? safeJson({ note: text }) : safe(`queuectl: ${text}`)}\n`)
  }

  /** Says on a terminal that something takes long: `what` goes on since `seconds`. */
  progress(what: string, seconds: number): void {
    if (!this.json && isTerminal(2)) this.note(`still ${what}, since ${seconds} s`)
  }

  /** Writes `text` as it is to stderr. */
  err(text: string): void {
    streaming = true
    process.stderr.write(text)
  }

  /** Resolves when all that was said has been written: nothing is lost if the process exits then. */
  async flush(): Promise<void> {
    if (!streaming) return
    const streams = stdout === null ? [process.stderr] : [stdout, process.stderr]
    await Promise.all(streams.map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve()))))
  }

  /** Whether a person sits at both ends: may be asked, and sees what an abbreviated id became. */
  get interactive(): boolean {
    return !this.json && isTerminal(0) && isTerminal(1)
  }

  /** Exit code of the command, unless it fails. */
  exit(code: number): void {
    process.exitCode = code
  }

  /** Where the store is and who said so; for handing on to our own workers. */
  address(): Promise<StoreAddress> {
    this.#address ??= resolveAddress(this.db, (names) => {
      // A misspelt name must not lead to another queue in silence.
      this.note(`.env has variables that are not read from there: ${names.join(', ')}`)
    })
    return this.#address
  }

  /** The store, opened once for the command's own use, or once more for another role. */
  store(role: StoreRole = 'command'): Promise<JobStore> {
    if (role !== 'command') return this.#open(role)
    this.#opened ??= this.#open(role)
    return this.#opened
  }

  /** The settings kept in the store, over the defaults. */
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
        `${address} lies on a ${untrusted} file system, which cannot keep a queue safely`,
        'use a local folder, or share the queue through MongoDB: --db mongodb://…',
      )
    }
    const told = from_env_file || origin === 'MONGODB_URI' ? `${origin}${from_env_file ? ' in .env' : ''}` : null
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
      if (told !== null) this.note(`store ${store.info.label} (${told})`)
      return store
    } catch (error) {
      if (told !== null) this.note(`the store is the one that ${told} names`)
      throw error
    }
  }
}

/**
 * A reader that has seen enough (`| head -1`) is no error. The stream behind process.stdout costs a short command 6 ms of 43,
 * so that plain text is written without it; what a pipe does not take at once follows through the stream. Other than ASCII always
 * does: a Windows console would show its bytes as something else.
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

/** A stream was used, which may hold back what it was given. */
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
