import { setTimeout as sleep } from 'node:timers/promises'
import mongoose, { type ConnectOptions, type Connection as Driver } from 'mongoose'
import { tryAgain } from '../../domain/errors.ts'
import type { StoreRole } from '../port.ts'
import { cannotReach, clockless, domainError, isPassing, tooOld } from './errors.ts'
import { type Models, modelsOn } from './models.ts'
import { ServerClock } from './server-clock.ts'
import type { MongoAddress } from './url.ts'

/** Longest that one call of the store takes, tries included. */
const DEADLINE_MS: Readonly<Record<StoreRole, number>> = { command: 5_000, supervisor: 10_000, worker: 10_000 }
/** Shorter than any deadline: the driver knows better than we why no server is found. */
const SELECTION_MS = 3_500
const CONNECT_MS = 3_000
const OPEN_MS = 4_000
const SOCKET_MS = 15_000
const CLOSE_MS = 500
const PAUSE_MS = { first: 50, growth: 2, longest: 1_000 }
/** The same for a patient client: an index over many jobs takes its time. */
const PATIENCE_MS = 86_400_000
/** Longest that a server may be away from any call, however long that one may take. */
const AWAY_MS = 60_000

/** Wire version of MongoDB 6.0 (https://github.com/mongodb/mongo/blob/master/src/mongo/db/wire_version.h). */
const OLDEST_WIRE = 17

/** One client of the server. Calls go through `call`, which bounds them and repeats them while the server is away. */
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
    this.#deadline_ms = patient ? PATIENCE_MS : DEADLINE_MS[role]
    this.address = address
    this.role = role
    this.models = modelsOn(driver)
    this.version = version
    this.#driver = driver
    this.#clock = clock
  }

  /**
   * Connects within 4 s. Throws `unreachable`, and `configuration` when address, login or version of the server do not fit.
   * `patient`: its calls may take a day.
   */
  static async open(address: MongoAddress, role: StoreRole, patient = false): Promise<Connection> {
    let driver: Driver | null = null
    try {
      const clock = new ServerClock()
      return await within(OPEN_MS, address, async () => {
        driver = mongoose.createConnection(address.driver_url, optionsFor(role, patient))
        // Without a listener an error of the monitor would be thrown into the void.
        driver.on('error', () => {})
        const client = driver.getClient()
        // The driver repeats calls itself, so that a change of the primary may show nowhere else.
        client.on('serverDescriptionChanged', ({ previousDescription, newDescription }) => {
          if (previousDescription.type !== newDescription.type) clock.doubt()
        })
        await driver.asPromise()
        // Not as an option: the driver would take the name for the login's database too.
        const named = address.names_database ? driver : driver.useDb(address.database)
        const version = await versionOf(named, address)
        await clock.measure(() => localTime(named, address))
        return new Connection({ address, role, patient }, named, clock, version)
      })
    } catch (error) {
      if (driver) await quietly((driver as Driver).close(true))
      throw domainError(error, address)
    }
  }

  /** The database, for what concerns it as a whole. */
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
   * Runs `work`, and again while the server is away or changes its primary, as long as the deadline allows. `again`: an earlier try
   * may have done it already. Throws errors in domain words, `try_again` after `close`.
   */
  async call<T>(work: (again: boolean) => Promise<T>, deadline_ms = this.#deadline_ms): Promise<T> {
    const until = performance.now() + deadline_ms
    let given_up_at = until
    const left = () => Math.min(until, given_up_at) - performance.now()
    let trouble: unknown = null
    for (let pause = PAUSE_MS.first; ; pause = Math.min(pause * PAUSE_MS.growth, PAUSE_MS.longest)) {
      this.#refuseClosed()
      const begun_at = performance.now()
      try {
        return await within(until - begun_at, this.address, async () => {
          if (this.#clock.doubtful) await this.#clock.measure(() => localTime(this.#driver, this.address))
          return work(trouble !== null)
        })
      } catch (error) {
        this.#refuseClosed()
        if (isPassing(error)) this.#clock.doubt()
        // A try that took long met a server that was there.
        if (trouble === null || performance.now() - begun_at > AWAY_MS) given_up_at = performance.now() + AWAY_MS
        // That the time is over says less than what used it up.
        if (!isPassing(error)) throw domainError(trouble && left() <= 0 ? trouble : error, this.address)
        if (left() <= pause) throw domainError(error, this.address)
        trouble = error
      }
      await sleep(pause * (0.5 + Math.random() / 2), undefined, { signal: this.closed }).catch(() => {})
    }
  }

  /**
   * Runs `work` with a client of its own whose calls may take hours: this one takes a server for lost that says nothing for 15 s. Throws
   * what `open` and `work` throw.
   */
  async patiently<T>(work: (patient: Connection) => Promise<T>): Promise<T> {
    const patient = await Connection.open(this.address, this.role, true)
    try {
      return await work(patient)
    } finally {
      await patient.close()
    }
  }

  /** Calls that wait are rejected. */
  async close(): Promise<void> {
    if (this.closed.aborted) return
    this.#closing.abort()
    await quietly(this.#driver.getClient().close(true))
  }

  #refuseClosed(): void {
    if (this.closed.aborted) throw tryAgain(`the connection to ${this.address.hosts} was closed`)
  }
}

/** What is acknowledged must be durable, and nothing is decided on what a secondary says or a new primary may take back. */
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
    // Workers are many, and learn of a new primary by the first call that the old one refuses: no stream of the server's state, and no
    // connection more to measure its distance.
    ...(role === 'worker' && { serverMonitoringMode: 'poll' }),
    readPreference: 'primary',
    readConcern: { level: 'majority' },
    writeConcern: { w: 'majority', journal: true, wtimeoutMS: patient ? AWAY_MS : DEADLINE_MS[role] },
  }
}

async function versionOf(driver: Driver, address: MongoAddress): Promise<string> {
  // One after the other: side by side they would want a connection each.
  const hello = await driver.db?.admin().command({ hello: 1 })
  const build = await driver.db?.admin().command({ buildInfo: 1 })
  const version = String(build?.version)
  if (Number(hello?.maxWireVersion) < OLDEST_WIRE) throw tooOld(address, `it has version ${version}`)
  return version
}

/** The server's time. Throws `configuration` when it does not say it: leases hold by its clock. */
async function localTime(driver: Driver, address: MongoAddress): Promise<Date> {
  const hello = await driver.db?.admin().command({ hello: 1 })
  const told = hello?.localTime
  if (told instanceof Date && Number.isFinite(told.getTime())) return told
  throw clockless(address, told)
}

/** `work`, given up after `ms`: the driver may go on waiting in the background. */
async function within<T>(ms: number, address: MongoAddress, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const error = cannotReach(address, `no answer within ${Math.ceil(ms / 1000)} s`)
    timer = setTimeout(() => reject(error), Math.max(0, ms))
  })
  try {
    return await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits for the end of `closing`, not for ever, and for no good news. */
async function quietly(closing: Promise<unknown>): Promise<void> {
  await Promise.race([closing.catch(() => {}), sleep(CLOSE_MS, undefined, { ref: false })])
}
