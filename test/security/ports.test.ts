import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { expect } from 'chai'
import { HAS_PROC } from '../helpers/processes.ts'
import { skip } from '../helpers/skip.ts'
import { inScene } from '../helpers/supervised.ts'
import { tempFolder } from '../helpers/temp.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** State of a listening TCP socket (include/net/tcp_states.h), and flag of a listening Unix one (__SO_ACCEPTCON). */
const LISTENS = { tcp: '0A', unix: '00010000' }

describe('nothing listens @posix', function () {
  this.timeout(60_000)
  before(function () {
    // Other systems require a program for this check.
    if (!HAS_PROC) return skip(this, 'no /proc')
  })

  it('in supervisors, workers and their jobs, so that no network and no website reaches them (S10, S11, S12, S13, S14, S15)', async () => {
    await inScene({}, async (scene) => {
      await scene.start('--count', '2', '--concurrency', '2')
      const id = await scene.add('exec sleep 600')
      await scene.holder(id)
      const everybody = async () => [...(await scene.rows()).map(({ identity }) => identity.pid), ...scene.carriers()]
      const pids = await waitFor(
        async () => {
          const pids = await everybody()
          return pids.length >= 4 && pids
        },
        { within: 15_000, what: 'a supervisor, two workers and a job' },
      )
      expect(pids).to.have.length(4)
      expect(pids.flatMap(listenersOf)).to.deep.equal([])
    })
  })

  it('and a listening socket would be detected', async () => {
    const before = listenersOf(process.pid)
    for (const where of [{ port: 0 }, { port: 0, host: '127.0.0.1' }, { path: path.join(tempFolder(), 'socket') }]) {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(where, resolve))
      const found = listenersOf(process.pid).filter((listener) => !before.includes(listener))
      expect(found, JSON.stringify(where)).to.have.length(1)
      await new Promise((resolve) => server.close(resolve))
    }
  })
})

/** Sockets of a process that wait for connections or messages. */
function listenersOf(pid: number): string[] {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`))?.[1] ?? []),
  )
  const table = (name: string) => readFileSync(`/proc/${pid}/net/${name}`, 'utf8').trim().split('\n').slice(1)
  const fields = (name: string) => table(name).map((row) => row.trim().split(/\s+/))
  const tcp = ['tcp', 'tcp6'].flatMap(fields).filter((row) => row[3] === LISTENS.tcp && own.has(row[9] ?? ''))
  const udp = ['udp', 'udp6'].flatMap(fields).filter((row) => own.has(row[9] ?? ''))
  const unix = fields('unix').filter((row) => row[3] === LISTENS.unix && own.has(row[6] ?? ''))
  return [...tcp, ...udp, ...unix].map((row) => row.join(' '))
}

function link(file: string): string {
  try {
    return readlinkSync(file)
  } catch {
    return ''
  }
}
