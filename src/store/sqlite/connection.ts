import { backup, DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { tryAgain } from '../../domain/errors.ts'
import { monotonic } from '../../lib/clock.ts'
import { AGAIN, type Pauses, retry } from '../../lib/retry.ts'
import type { StoreRole } from '../port.ts'
import { domainError, isBusy, isTooLarge } from './errors.ts'
import { makePrivately } from './file.ts'

export type Row = Record<string, SQLOutputValue>

// SQLite's own busy handler blocks the event loop and starves: with four writers it gave a completion p99 of 80 ms and
// a fairness of 0.52, against 12.5 ms and 0.95 for a try of 1 ms followed by our own jittered pause.
const BUSY_MS = 1
const PAUSES: Pauses = { first_ms: 2, growth: 1.3, longest_ms: 50, scatter: 1 }
const COMMAND_PATIENCE_MS = 5000
const ALL_PAGES = 2 ** 31 - 1

/**
 * One connection to the file. Statements run synchronously, and only inside `read` or `write`, which wait for the lock
 * without blocking the loop: a command for 5 s, workers and supervisors until they get it or the connection is closed.
 */
export class Connection {
  readonly path: string
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #patience_ms: number
  #closed = false
  #wide = false
  /**
   * Ends the pauses of calls that wait for the lock. Created with the first of them, because loading it takes a command
   * a millisecond.
   */
  #closing: AbortController | null = null
  #synchronous: 'NORMAL' | 'FULL'

  /**
   * Creates the file, private to its owner, if it does not exist. Throws `configuration` or `io` when that is
   * impossible.
   */
  constructor(path: string, role: StoreRole, durability: 'normal' | 'full' = 'normal') {
    this.path = path
    this.#patience_ms = role === 'command' ? COMMAND_PATIENCE_MS : Number.POSITIVE_INFINITY
    this.#synchronous = role === 'worker' && durability === 'normal' ? 'NORMAL' : 'FULL'
    makePrivately(path)
    try {
      this.#db = new DatabaseSync(path, { timeout: BUSY_MS })
    } catch (error) {
      throw domainError(error, path)
    }
  }

  /**
   * Settings of this connection; the first access to the file. A settle changes about 13 pages, a few hundred bytes in
   * each: pages of 2 KiB halve the amount that goes through the log, and a checkpoint every 8 MiB instead of 4 halves
   * its syncs (together 2,900 → 4,200 settles with claim per second).
   */
  configure(): Promise<void> {
    return this.attempt(() => {
      this.#db.exec(`
        PRAGMA synchronous = ${this.#synchronous};
        PRAGMA fullfsync = ON;
        PRAGMA checkpoint_fullfsync = ON;
        PRAGMA page_size = 2048;
        PRAGMA wal_autocheckpoint = 4000;
        PRAGMA journal_size_limit = 16777216;
        PRAGMA cache_size = -16384;
        PRAGMA temp_store = MEMORY`)
    })
  }

  /** The first row of `sql`. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    const row = this.#prepare(sql).get(...values)
    return row && this.#wide ? narrowed(row) : row
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    const rows = this.#prepare(sql).all(...values)
    return this.#wide ? rows.map(narrowed) : rows
  }

  /** Number of rows changed, without those changed by triggers. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...values).changes)
  }

  exec(script: string): void {
    this.#db.exec(script)
  }

  /** Runs `work` on one snapshot. */
  read<T>(work: (now: number) => T): Promise<T> {
    return this.attempt(() => this.#transaction('BEGIN', work))
  }

  /**
   * Runs `work` in a transaction that holds the write lock from its start: one that begins as a reader fails at once,
   * with or without a timeout, when another writer comes first. `durable`: synced, for any role.
   */
  write<T>(work: (now: number) => T, { durable = false } = {}): Promise<T> {
    return this.attempt(() => {
      if (!durable || this.#synchronous === 'FULL') return this.#transaction('BEGIN IMMEDIATE', work)
      this.run('PRAGMA synchronous = FULL')
      try {
        return this.#transaction('BEGIN IMMEDIATE', work)
      } finally {
        this.run(`PRAGMA synchronous = ${this.#synchronous}`)
      }
    })
  }

  /** As `write`, for asynchronous work: nothing else may use this connection until it has finished. */
  async writeSlowly(work: () => Promise<void>): Promise<void> {
    await this.attempt(() => this.run('BEGIN IMMEDIATE'))
    try {
      await work()
      this.run('COMMIT')
    } catch (error) {
      if (this.#db.isTransaction) this.run('ROLLBACK')
      throw domainError(error, this.path)
    }
  }

  /** Repeats `work` while another connection holds the lock. Throws domain errors, `try_again` after `close`. */
  async attempt<T>(work: () => T): Promise<T> {
    let since: number | null = null
    const once = () => {
      if (this.#closed) throw tryAgain(`${this.path} was closed`)
      try {
        return work()
      } catch (error) {
        if (isTooLarge(error)) return this.#widely(work)
        if (!isBusy(error)) throw domainError(error, this.path)
        since ??= monotonic()
        if (monotonic() - since > this.#patience_ms) throw domainError(error, this.path)
        return AGAIN
      }
    }
    return retry(once, PAUSES, () => {
      this.#closing ??= new AbortController()
      return this.#closing.signal
    })
  }

  /**
   * Writes the content of the database at one moment to `file`. Without a pause: with one, every commit of another
   * process would restart the copy. Other writers are not blocked.
   */
  async copyTo(file: string): Promise<void> {
    try {
      await backup(this.#db, file, { rate: ALL_PAGES })
    } catch (error) {
      throw domainError(error, file)
    }
  }

  /** Syncs every commit from now on. */
  syncEveryCommit(): void {
    this.#synchronous = 'FULL'
    this.run('PRAGMA synchronous = FULL')
  }

  /** Changes when another connection has committed, but not by this connection's own commits. */
  dataVersion(): number {
    return Number(this.get('PRAGMA data_version')?.data_version)
  }

  /** Texts of all statements run so far. */
  statements(): string[] {
    return [...this.#statements.keys()]
  }

  /** Rejects the calls that wait for the lock. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#closing?.abort()
    this.#db.close()
  }

  /** Repeats `work` and now accepts numbers too large to be exact, which only another program can have written. */
  #widely<T>(work: () => T): T {
    this.#setWide(true)
    try {
      return work()
    } catch (error) {
      throw domainError(error, this.path)
    } finally {
      this.#setWide(false)
    }
  }

  #setWide(wide: boolean): void {
    this.#wide = wide
    for (const statement of this.#statements.values()) statement.setReadBigInts(wide)
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#db.prepare(sql)
      if (this.#wide) statement.setReadBigInts(true)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #transaction<T>(begin: string, work: (now: number) => T): T {
    this.run(begin)
    try {
      const result = work(Date.now())
      this.run('COMMIT')
      return result
    } catch (error) {
      // A full disk or an I/O error has already rolled back.
      if (this.#db.isTransaction) this.run('ROLLBACK')
      throw error
    }
  }
}

function narrowed(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
  )
}
