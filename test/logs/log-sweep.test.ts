import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { newToken } from '../../src/domain/ids.ts'
import { logPath } from '../../src/logs/log-path.ts'
import { LogSweep } from '../../src/logs/log-sweep.ts'
import { openStore } from '../../src/store/open.ts'
import type { JobStore } from '../../src/store/port.ts'
import { ended, put, SUCCESS, take } from '../contract/kit.ts'
import { mongoServer, needsMongo } from '../helpers/mongo-server.ts'
import { tempFolder } from '../helpers/temp.ts'

const HOUR_S = 3_600

describe('the sweep of a host’s logs @posix', () => {
  let store: JobStore
  before(needsMongo)
  afterEach(() => store.close())

  const open = async (address: string) => {
    store = await openStore({ address, role: 'supervisor', data_folder: tempFolder(), is_alive: () => false })
  }
  /** A log that was last written some hours ago. */
  const log = (token: string, hours: number) => {
    const file = logPath(store.info.folder, token)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, 'text')
    const at = Date.now() / 1000 - hours * HOUR_S
    utimesSync(file, at, at)
    return file
  }
  /** Passes over all logs: one per folder, each for one letter of the tokens. */
  const sweep = async () => {
    const sweeper = new LogSweep(store)
    for (let pass = 0; pass < 33; pass++) await sweeper.pass()
  }

  it('removes those of runs that another host has purged, and no others', async () => {
    await open((await mongoServer()).url())
    for (const id of ['kept', 'purged']) await ended(store, id, SUCCESS, { queue: id })
    await put(store, ['running'])
    const tokenOf = async (id: string) => String((await store.runs({ id }))[0]?.token)
    const kept = log(await tokenOf('kept'), 5)
    const running = log(String((await take(store)).run_token), 5)
    const purged = log(await tokenOf('purged'), 5)
    const fresh = log(newToken(), 0.5)
    const strange = path.join(path.dirname(fresh), 'notes.log')
    writeFileSync(strange, '')
    utimesSync(strange, 1, 1)
    await store.purge({ states: ['completed'], queue: 'purged', older_than_ms: 0, limit: 10 })
    await sweep()
    expect([kept, running, purged, fresh, strange].map((file) => existsSync(file))).to.deep.equal([
      true,
      true,
      false,
      true,
      true,
    ])
  })

  it('does not touch the logs of a store of one host: purge reaches all of them', async () => {
    await open(path.join(tempFolder(), 'queue.db'))
    const file = log(newToken(), 5)
    await sweep()
    expect(existsSync(file)).to.equal(true)
  })
})
