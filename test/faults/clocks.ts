import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { faultEnvironment } from '../helpers/fault.ts'
import { freezeOutsideAWrite } from '../helpers/freeze.ts'
import { killQuietly } from '../helpers/processes.ts'
import type { Story } from '../helpers/side-by-side.ts'
import { UNTIL_GO } from '../helpers/supervised.ts'
import { tempFolder } from '../helpers/temp.ts'
import { pass } from '../helpers/wait-for.ts'

const MINUTE_MS = 60_000

/** A wall clock that can be set, by the milliseconds in a file. */
const bent = () => faultEnvironment('clock', path.join(tempFolder(), 'clock'))
const setter = (env: Record<string, string>) => {
  const [, file = ''] = (env.TEST_FAULT ?? '').split(' ')
  return (off_ms: number) => writeFileSync(file, String(off_ms))
}

/** Takes five seconds of running time from the test’s `go` on; a sleep of the machine does not count. */
const NAPS = `echo start >> ledger; ${UNTIL_GO}; for n in 1 2 3 4 5 6 7 8 9 10; do sleep 0.5; done; echo end >> ledger`

/** Faults of the whole machine. */
export const CLOCKS: Record<string, Story> = {
  'a clock that is set an hour forward, then two back: no lease expires by it; delayed jobs follow it (F25, R9)': {
    env: bent,
    async tell(scene, env) {
      const set = setter(env)
      const id = await scene.add('echo start >> ledger; sleep 12; echo end >> ledger')
      await scene.start('--count', '2')
      await scene.holder(id)
      await scene.start()
      const before = (await scene.rows()).map((row) => row.id)
      const { stdout } = await scene.run('enqueue', '--delay', '30m', '--', 'echo its time has come')
      const later = stdout.trim()

      set(60 * MINUTE_MS)
      await scene.until(later, { state: 'completed' }, 3_000)
      // Two passes of the reapers.
      await pass(4_500)
      set(-60 * MINUTE_MS)
      const { stdout: fresh } = await scene.run('enqueue', '--', 'echo not an hour later')
      await scene.until(fresh.trim(), { state: 'completed' }, 3_000)

      await scene.until(id, { state: 'completed' }, 12_000)
      expect(await scene.runs(id)).to.have.length(1)
      expect(scene.lines('ledger')).to.deep.equal(['start', 'end'])
      expect((await scene.rows()).map((row) => row.id)).to.have.members(before)
    },
  },

  'a sleep of the machine: no process that slept is taken for dead, whichever wakes first (F26, R9)': {
    env: bent,
    async tell(scene, env) {
      const set = setter(env)
      const id = await scene.add(NAPS)
      const sleeper = await scene.start('--count', '2')
      await scene.holder(id)
      const watcher = await scene.start()
      await scene.begun()
      const before = await scene.rows()
      scene.go()
      const everybody = [...before.map(({ identity }) => identity.pid), ...scene.carriers()]

      await freezeOutsideAWrite(scene, everybody)
      set(5 * MINUTE_MS)
      // Longer than any limit of silence.
      await pass(22_000)
      watcher.child.kill('SIGCONT')
      // It wakes before the others.
      await pass(500)
      for (const pid of everybody) killQuietly(pid, 'SIGCONT')

      await scene.until(id, { state: 'completed' }, 10_000)
      expect(await scene.runs(id)).to.have.length(1)
      expect(scene.lines('ledger')).to.deep.equal(['start', 'end'])
      expect((await scene.rows()).map((row) => row.id)).to.have.members(before.map((row) => row.id))
      expect(sleeper.said() + watcher.said()).to.not.match(/killed|recovered/)
    },
  },
}
