import mongoose, { type ConnectOptions, type Connection as Driver } from 'mongoose'
import { tryAgain } from '../../domain/errors.ts'
import { before, within } from '../../lib/async.ts'
import { AGAIN, type Pauses, retry } from '../../lib/retry.ts'
import type { StoreRole } from '../port.ts'
import { cannotReach, clockless, domainError, isPassing, tooOld } from './errors.ts'
import { type Models, modelsOn } from './models.ts'
import { ServerClock } from './server-clock.ts'
import type { MongoAddress } from './url.ts'

/** Longest time for one call of the store, with all its tries. */
const DEADLINE_MS: Readonly<Record<StoreRole, number>> = { command: 5_000, supervisor: 10_000, worker: 10_000 }
/** Shorter than any deadline: the driver's error explains best why no server was found. */
const SELECTION_MS = 3_500
const CONNECT_MS = 3_000
const OPEN_MS = 4_000
const SOCKET_MS = 15_000
const CLOSE_MS = 500
const PAUSES: Pauses = { first_ms: 50, growth: 2, longest_ms: 1_000, scatter: 0.5 }
/** Longest time for one call of a patient client, a day: building an index over many jobs takes long. */
const PATIENT_DEADLINE_MS = 86_400_000
/** Longest time that any call waits for a server that is away, whatever its deadline. */
const AWAY_MS = 60_000

/** Wire version of MongoDB 6.0 (https://github.com/mongodb/mongo/blob/master/src/mongo/db/wire_version.h). */
const OLDEST_WIRE = 17

/**
 * One client of the server. Calls go through `call`, which bounds their time and repeats them while the server is away.
 */
export class Connection {
  readonly address: MongoAddress
  readonly role: StoreRole
  readonly models: Models
  /** Version of the server. */
  readonly version: string
  readonly #driver: Driver
  readonly #clock: ServerClock
  readonly #closing = new AbortController()
  readonly #deadline_ms: number

  private constructor(
    { address, role, patient }: { address: MongoAddress; role: StoreRole; patient: boolean },
    driver: Driver,
    clock: ServerClock,
    version: string,
  ) {
    this.#deadline_ms = patient ? PATIENT_DEADLINE_MS : DEADLINE_MS[role]
    this.address = address
    this.role = role
    this.models = modelsOn(driver)
    this.version = version
    this.#driver = driver
    this.#clock = clock
  }

  /**
   * Connects within 4 s. Throws `unreachable`, or `configuration` if the address, the login or the server's version is
   * wrong. `patient`: its calls may take a day.
   */
  static async open(address: MongoAddress, role: StoreRole, patient = false): Promise<Connection> {
    let driver: Driver | null = null
    try {
      const clock = new ServerClock()
      const connected = async () => {
        driver = mongoose.createConnection(address.driver_url, optionsFor(role, patient))
        // Without a listener an error of the driver's monitor would end the process.
        driver.on('error', () => {})
        const client = driver.getClient()
        // The driver repeats calls itself: this event may be the only sign of a new primary, whose clock differs.
        client.on('serverDescriptionChanged', ({ previousDescription, newDescription }) => {
          if (previousDescription.type !== newDescription.type) clock.doubt()
        })
        await driver.asPromise()
        // Not as an option: the driver would also log in against that database.
        const named = address.names_database ? driver : driver.useDb(address.database)
        const version = await versionOf(named, address)
        await clock.measure(() => localTime(named, address))
        return new Connection({ address, role, patient }, named, clock, version)
      }
      return await answered(OPEN_MS, address, connected())
    } catch (error) {
      if (driver) await quietly((driver as Driver).close(true))
      throw domainError(error, address)
    }
  }

  /** The database itself. Throws `try_again` after `close`. */
  get db() {
    if (!this.#driver.db) throw tryAgain(`the connection to ${this.address.hosts} was closed`)
    return this.#driver.db
  }

  /** The server's clock, epoch milliseconds. */
  now(): number {
    return this.#clock.now()
  }

  get closed(): AbortSignal {
    return this.#closing.signal
  }

  /**
   * Runs `work`, and repeats it until the deadline while the server is away or elects a primary. `again`: an earlier
   * try may have succeeded already. Throws the errors of `domainError`, and `try_again` after `close`.
   */
  async call<T>(work: (again: boolean) => Promise<T>, deadline_ms = this.#deadline_ms): Promise<T> {
    const until = performance.now() + deadline_ms
    let away_until = until
    const remaining = () => Math.min(until, away_until) - performance.now()
    let failure: unknown = null
    const once = async () => {
      if (this.#clock.doubtful) await this.#clock.measure(() => localTime(this.#driver, this.address))
      return work(failure !== null)
    }
    const tried = async (pause_ms: number) => {
      this.#refuseClosed()
      const begun_at = performance.now()
      try {
        return await answered(until - begun_at, this.address, once())
      } catch (error) {
        this.#refuseClosed()
        if (isPassing(error)) this.#clock.doubt()
        // A try that took this long had reached a server.
        if (failure === null || performance.now() - begun_at > AWAY_MS) away_until = performance.now() + AWAY_MS
        // After the deadline the earlier failure explains more than the time-out.
        if (!isPassing(error)) throw domainError(failure && remaining() <= 0 ? failure : error, this.address)
        if (remaining() <= pause_ms) throw domainError(error, this.address)
        failure = error
        return AGAIN
      }
    }
    return retry(tried, PAUSES, () => this.closed)
  }

  /**
   * Runs `work` with a separate client whose calls may take hours: this client gives up on a server that is silent for
   * 15 s. Throws the errors of `open` and `work`.
   */
  async patiently<T>(work: (patient: Connection) => Promise<T>): Promise<T> {
    const patient = await Connection.open(this.address, this.role, true)
    try {
      return await work(patient)
    } finally {
      await patient.close()
    }
  }

  /** Closes the client. Calls in progress are rejected. */
  async close(): Promise<void> {
    if (this.closed.aborted) return
    this.#closing.abort()
    await quietly(this.#driver.getClient().close(true))
  }

  #refuseClosed(): void {
    if (this.closed.aborted) throw tryAgain(`the connection to ${this.address.hosts} was closed`)
  }
}

/**
 * An acknowledged write is durable. No decision uses the data of a secondary, or data that a new primary may roll back.
 */
function optionsFor(role: StoreRole, patient: boolean): ConnectOptions {
  return {
    appName: `queuectl ${role}`,
    bufferCommands: false,
    autoIndex: false,
    autoCreate: false,
    serverSelectionTimeoutMS: SELECTION_MS,
    connectTimeoutMS: CONNECT_MS,
    socketTimeoutMS: patient ? 0 : SOCKET_MS,
    waitQueueTimeoutMS: DEADLINE_MS[role],
    maxPoolSize: role === 'supervisor' ? 8 : 4,
    // Workers are many, and notice a new primary when the old one refuses a call. So they poll: streaming the server's
    // state would cost one more connection each to measure the round trip.
    ...(role === 'worker' && { serverMonitoringMode: 'poll' }),
    readPreference: 'primary',
    readConcern: { level: 'majority' },
    writeConcern: { w: 'majority', journal: true, wtimeoutMS: patient ? AWAY_MS : DEADLINE_MS[role] },
  }
}

async function versionOf(driver: Driver, address: MongoAddress): Promise<string> {
  // One after the other: at the same time they would need a connection each.
  const hello = await driver.db?.admin().command({ hello: 1 })
  const build = await driver.db?.admin().command({ buildInfo: 1 })
  const version = String(build?.version)
  if (Number(hello?.maxWireVersion) < OLDEST_WIRE) throw tooOld(address, `it has version ${version}`)
  return version
}

/** The server's time. Throws `configuration` if the server does not report it: leases depend on its clock. */
async function localTime(driver: Driver, address: MongoAddress): Promise<Date> {
  const hello = await driver.db?.admin().command({ hello: 1 })
  const reported = hello?.localTime
  if (reported instanceof Date && Number.isFinite(reported.getTime())) return reported
  throw clockless(address, reported)
}

/** Waits for `call` for `ms` at most; after that the driver may still wait in the background. */
function answered<T>(ms: number, address: MongoAddress, call: Promise<T>): Promise<T> {
  return before(ms, call, () => cannotReach(address, `no answer within ${Math.ceil(ms / 1000)} s`))
}

/** Waits a short time for `closing`, and ignores its errors. */
async function quietly(closing: Promise<unknown>): Promise<void> {
  await within(CLOSE_MS, closing).catch(() => {})
}
