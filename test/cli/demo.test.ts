import { readdirSync } from 'node:fs'
import { expect } from 'chai'
import { livingWith } from '../helpers/processes.ts'
import { collect, queuectl, startQueuectl } from '../helpers/queuectl.ts'
import { skip } from '../helpers/skip.ts'
import { tempFolder } from '../helpers/temp.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('demo @slow', function () {
  this.timeout(180_000)
  /** The folder for its temporary files, which also marks its processes. */
  const place = () => {
    const tmp = tempFolder()
    return {
      env: { TMPDIR: tmp, TMP: tmp, TEMP: tmp },
      left: () => ({
        files: readdirSync(tmp),
        processes: livingWith((environment) => environment.includes(`TMPDIR=${tmp}`)),
      }),
    }
  }
  const nothing = { files: [], processes: [] }

  it('shows a retry, a dead job and its requeue, and leaves nothing behind', async () => {
    const { env, left } = place()
    const { code, stdout, stderr } = await queuectl(['demo'], { env })
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    const order =
      /queuectl enqueue [\s\S]*2 workers ready[\s\S]*^flaky +completed[\s\S]*failed +exit code 1[\s\S]*dlq retry broken\nbroken requeued[\s\S]*^Completed +6/m
    expect(stdout).to.match(order)
    expect(left()).to.deep.equal(nothing)
  })

  it('is one JSON document with --json', async () => {
    const { env, left } = place()
    const { code, stdout } = await queuectl(['demo', '--json'], { env })
    expect(code).to.equal(0)
    expect(JSON.parse(stdout)).to.include({ ok: true })
    expect(left()).to.deep.equal(nothing)
  })

  it('refuses to use another queue', async () => {
    const { env, left } = place()
    expect(await queuectl(['demo', '--db', 'mine.db'], { env })).to.include({ code: 2, stdout: '' })
    expect(left()).to.deep.equal(nothing)
  })

  for (const moment of ['queuectl status', 'workers ready']) {
    it(`leaves nothing when nobody reads on after "${moment}"`, async () => {
      const { env, left } = place()
      const child = startQueuectl(['demo'], { env })
      let shown = ''
      child.stdout?.on('data', (chunk) => {
        shown += chunk
        if (shown.includes(moment)) child.stdout?.destroy()
      })
      await collect(child)
      expect(shown).to.include(moment)
      await waitFor(() => left().processes.length === 0, { within: 20_000, what: 'its processes have ended' })
      expect(left().files).to.deep.equal([])
    })
  }

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    for (const moment of ['queuectl status', 'workers ready']) {
      it(`leaves nothing behind after ${signal} at "${moment}"`, async function () {
        // On Windows the system kills the process at once.
        if (process.platform === 'win32') skip(this, 'no signals')
        const { env, left } = place()
        const child = startQueuectl(['demo'], { env })
        let shown = ''
        child.stdout?.on('data', (chunk) => {
          shown += chunk
        })
        const ended = collect(child)
        await waitFor(() => shown.includes(moment), { within: 120_000, what: moment })
        child.kill(signal)
        expect((await ended).code).to.equal(code)
        expect(left()).to.deep.equal(nothing)
      })
    }
  }
})
