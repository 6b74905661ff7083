import { setTimeout as sleep } from 'node:timers/promises'
import { type MongoServer, madeUpName, startServer } from '../helpers/mongo-process.ts'
import { tempFolder } from '../helpers/temp.ts'

/** How long a server that was killed stays away. */
const AWAY_MS = [300, 3_000] as const

/** A MongoDB server that can be killed and restarted with its data at the same address. */
export class Server {
  readonly url: string
  readonly #port: number
  readonly #folder: string
  #server: MongoServer

  static async start(): Promise<Server> {
    const folder = tempFolder()
    return new Server(await startServer({ folder }), folder)
  }

  private constructor(server: MongoServer, folder: string) {
    this.#server = server
    this.#folder = folder
    this.#port = Number(server.host.split(':')[1])
    this.url = server.url(madeUpName())
  }

  /** Kills it. Returns its pid. */
  async kill(): Promise<number> {
    const pid = this.#server.pid ?? 0
    await this.#server.stop(true)
    return pid
  }

  /** Restarts it after a while; `chance`, from 0 to 1, chooses how long. */
  async comeBack(chance: number): Promise<void> {
    await sleep(AWAY_MS[0] + chance * (AWAY_MS[1] - AWAY_MS[0]))
    this.#server = await startServer({ port: this.#port, folder: this.#folder })
  }

  stop(): Promise<void> {
    return this.#server.stop()
  }
}
