import cluster from 'node:cluster'
import { EXIT } from '../domain/errors.ts'
import { randomWord } from '../domain/ids.ts'
import { platform } from '../platform/platform.ts'
import { selfCommand } from '../platform/self.ts'
import type { FromWorker, ToWorker } from '../worker/messages.ts'
import type { Tell } from './events.ts'
import type { CommonSetup } from './options.ts'
import { freeStarts, Place } from './slot.ts'
import { Nudging, pollMs } from './wake-ups.ts'
import { type Failure, Member } from './worker-process.ts'

/** So many deaths before any worker was ever ready mean that none will be. */
const HOPELESS_DEATHS = 5

export interface FleetOptions {
  count: number
  build: string
  setup: () => CommonSetup
  tell: Tell
  /** Wakes the supervisor: something is to be looked at. */
  wake: () => void
}

/** Forks, watches and replaces workers. */
export class Fleet {
  readonly #options: FleetOptions
  readonly #places: Place[] = []
  readonly nudging = new Nudging(() => this.members)
  /** Members taken out of their place: they end by themselves and are not replaced. */
  readonly #leaving = new Set<Member>()
  /** Members whose process has ended and whose runs are still to be looked after. */
  #ended: Member[] = []
  /** What members that are gone counted. */
  readonly #past = { done: 0, failed: 0 }
  #stopping = false
  #ever_ready = false
  #boot_deaths = 0
  #last_failure: Failure | null = null
  #replaced: Failure | null = null
  killed = 0
  released = 0

  constructor(options: FleetOptions) {
    this.#options = options
    const { entry, worker_args } = selfCommand()
    cluster.setupPrimary({ exec: entry, args: [], execArgv: worker_args, ...platform.worker_process })
    this.scale(options.count, 0)
  }

  get members(): Member[] {
    return [...this.#places.flatMap((place) => place.member ?? []), ...this.#leaving]
  }

  get count(): number {
    return this.#places.length
  }

  get restarts(): number {
    return this.#places.reduce((sum, place) => sum + place.restarts, 0)
  }

  get totals(): { done: number; failed: number } {
    const totals = { ...this.#past }
    for (const { done, failed } of this.members) {
      totals.done += done
      totals.failed += failed
    }
    return totals
  }

  get all_ready(): boolean {
    return this.#places.every((place) => place.member?.ready)
  }

  /** Whether no worker has anything to do. */
  get all_idle(): boolean {
    return this.members.every((member) => member.jobs.length === 0 && member.idle)
  }

  get has_ended(): boolean {
    return this.#ended.length > 0
  }

  /** Milliseconds until a worker is to be forked; Infinity: not before another one is ready or gone. */
  get next_fork_in(): number {
    if (this.#stopping || freeStarts(this.members) === 0) return Number.POSITIVE_INFINITY
    return Math.min(...this.#places.map((place) => place.due_in))
  }

  /** Why no worker will ever be ready, or be ours; null while there is hope. */
  get hopeless(): Failure | null {
    if (this.#replaced !== null) return this.#replaced
    if (this.#ever_ready || this.#boot_deaths < HOPELESS_DEATHS) return null
    return this.#last_failure ?? { message: 'workers end before they are ready', exit_code: 70 }
  }

  /** Changes how many workers there are; those too many, idle ones first, drain with `grace_ms` and are not replaced. */
  scale(count: number, grace_ms: number): void {
    while (this.#places.length < count) this.#places.push(new Place())
    const surplus = [...this.#places].sort((a, b) => a.load - b.load).slice(0, this.#places.length - count)
    for (const place of surplus) this.#retire(place, grace_ms)
  }

  /** Takes one worker out, which lowers the count by one; of one that leaves already it may shorten the grace. */
  remove(worker_id: string, grace_ms: number): void {
    const place = this.#places.find(({ member }) => member?.id === worker_id)
    if (place) this.#retire(place, grace_ms)
    else for (const member of this.#leaving) if (member.id === worker_id) member.drain(grace_ms)
  }

  /** Forks workers for empty places whose time has come. Returns how many. */
  replace(): number {
    if (this.#stopping) return 0
    const due = this.#places.filter((place) => place.due_in === 0).slice(0, freeStarts(this.members))
    for (const place of due) this.#fork(place)
    return due.length
  }

  /** Kills workers that hang; they are replaced when their end is seen. */
  killOverdue(): void {
    for (const member of this.members) {
      const why = member.overdue()
      if (why === null) continue
      this.#options.tell({ event: 'trouble', message: `worker ${member.id} (pid ${member.pid}) ${why} and is killed` })
      member.kill()
    }
  }

  /** Members that ended since the last call. */
  takeEnded(): Member[] {
    return this.#ended.splice(0)
  }

  /** Lets `members` begin: their rows are in the registry now, so whatever they claim has a known owner. */
  admit(members: readonly Member[]): void {
    for (const member of members) {
      member.registered = true
      this.#begin(member)
    }
  }

  send(message: ToWorker): void {
    for (const member of this.members) member.send(message)
  }

  drain(grace_ms: number): void {
    this.#stopping = true
    for (const member of this.members) member.drain(grace_ms)
  }

  kill(): void {
    for (const member of this.members) member.kill()
  }

  /** Tells the workers which runs they have lost or are to cancel. All of them: what they reported last may be a beat old. */
  tellTokens(type: 'lost' | 'cancel', tokens: readonly string[]): void {
    if (tokens.length > 0) this.send({ type, tokens: [...tokens] })
  }

  #retire(place: Place, grace_ms: number): void {
    this.#places.splice(this.#places.indexOf(place), 1)
    if (place.member === null) return
    this.#leaving.add(place.member)
    place.member.drain(grace_ms)
  }

  #fork(place: Place): void {
    const id = `w-${randomWord(8)}`
    const child = cluster.fork({ QUEUECTL_WORKER: id })
    const identity = child.process.pid === undefined ? null : platform.identify(child.process.pid)
    // A process that ended before it could be looked at has no identity, and nothing to bury.
    if (identity === null) {
      place.fill(null)
      return
    }
    const member = new Member(id, child, identity, place.restarts)
    place.fill(member)
    child.on('message', (message: FromWorker) => this.#hear(member, message))
    child.on('error', () => {})
    child.process.stderr?.pipe(process.stderr)
    child.on('exit', (code, signal) =>
      this.#bury(place, member, signal === null ? `exit code ${code}` : `signal ${signal}`),
    )
  }

  #hear(member: Member, message: FromWorker): void {
    member.hear(message)
    switch (message.type) {
      case 'hello':
        if (message.build === this.#options.build) this.#begin(member)
        else this.#refuse(member, message.build)
        break
      case 'ready':
        this.#ever_ready = true
        this.#options.wake()
        break
      case 'idle':
        this.#options.wake()
        break
      case 'news':
        this.#options.tell({ event: 'job', news: message.news })
        if (message.news.event === 'started') this.nudging.found(member)
        break
      case 'trouble':
        this.#options.tell({ event: 'trouble', message: `worker ${member.id}: ${message.message}` })
        break
    }
  }

  /** The program was replaced while it works: what the new one says and writes, this one need not understand. */
  #refuse(member: Member, build: string): void {
    const message = `this program, ${this.#options.build}, was replaced by ${build}: start it again`
    this.#replaced = { message, exit_code: EXIT.try_again }
    member.kill()
    this.#options.wake()
  }

  #begin(member: Member): void {
    member.begin({ ...this.#options.setup(), id: member.id, poll_ms: pollMs(this.count) })
  }

  /** A dead worker is one event with all its consequences: its place waits for a new one, its runs for recovery. */
  #bury(place: Place, member: Member, exit: string): void {
    const leaving = this.#leaving.delete(member) || this.#stopping
    const replaced_in_ms = place.member === member ? place.vacate() : null
    const cause = member.failure?.message ?? exit
    member.ended = { clean: member.bye !== null || !member.begun, signaled: exit.startsWith('signal') }
    this.#past.done += member.done
    this.#past.failed += member.failed
    this.killed += member.bye?.killed ?? 0
    this.released += member.bye?.released ?? 0
    this.#ended.push(member)
    if (!this.#ever_ready && !leaving) {
      this.#boot_deaths++
      this.#last_failure = member.failure
    }
    const { id: worker, pid } = member
    if (!leaving || !member.ended.clean) {
      this.#options.tell({ event: 'worker_ended', worker, pid, cause, replaced_in_ms: leaving ? null : replaced_in_ms })
    }
    this.#options.wake()
  }
}
