import { expect } from 'chai'
import type { OutputTail } from '../../src/domain/history.ts'
import type { Job } from '../../src/domain/job.ts'
import { ended, FAILURE, type Kit, put, SUCCESS, settle, take } from './kit.ts'

const END = { kind: 'released', cause: 'stop signal' } as const

/** A store that is not shared never keeps output: every reader is on the host of the logs. */
export function outputContract(kit: Kit): void {
  /** The expected result after `output` was kept. */
  const found = (output: OutputTail) => (kit.store.info.shared ? output : null)
  const keep = (...outputs: OutputTail[]) => kit.store.keepOutputs({ outputs })
  const read = async (token: string, beyond?: number, store = kit.store) => {
    const output = await store.output(beyond === undefined ? { token } : { token, beyond })
    return output && { ...output, tail: Buffer.from(output.tail) }
  }

  describe('the end of a run’s output', () => {
    it('is available to others, byte by byte, and grows', async () => {
      await put(kit.store, ['a'])
      const job = await take(kit.store)
      const tail = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
      const first = outputOf(job, { bytes: 1000, tail })
      await keep(first)
      const other = await kit.bench.open('worker')
      expect(await read(first.token, undefined, other)).to.deep.equal(found(first))
      const second = outputOf(job, { bytes: 1003, tail: Buffer.from('end'), ended: true })
      await keep(second)
      expect(await read(first.token)).to.deep.equal(found(second))
    })

    it('is not undone by a call that arrives late', async () => {
      await put(kit.store, ['a'])
      const job = await take(kit.store)
      const late = outputOf(job, { bytes: 3, tail: Buffer.from('one') })
      const last = outputOf(job, { bytes: 6, tail: Buffer.from('onetwo'), ended: true })
      await keep(last)
      await keep(late)
      await keep({ ...last, ended: false })
      expect(await read(last.token)).to.deep.equal(found(last))
    })

    it('is returned only when it has grown, if requested so', async () => {
      await put(kit.store, ['a'])
      const job = await take(kit.store)
      const output = outputOf(job, { bytes: 10 })
      await keep(output)
      expect(await read(output.token, 9)).to.deep.equal(found(output))
      expect(await read(output.token, 10)).to.equal(null)
      await keep({ ...output, ended: true })
      expect(await read(output.token, 10)).to.deep.equal(found({ ...output, ended: true }))
    })

    it('is kept apart from that of other runs that are written at the same time', async () => {
      await put(kit.store, ['a', 'b'], { backoff_base: 0 })
      const [a, b] = [await take(kit.store), await take(kit.store)]
      const [first, other] = [outputOf(a, { bytes: 1 }), outputOf(b, { bytes: 2, tail: Buffer.from('other') })]
      await keep(first, other)
      await settle(kit.store, a, FAILURE)
      const second = outputOf(await take(kit.store), { bytes: 4, ended: true })
      await keep(second)
      for (const output of [first, other, second]) expect(await read(output.token)).to.deep.equal(found(output))
      expect(await read('of nobody')).to.equal(null)
    })

    it('R3: is the only thing that a run may still write after its job was fenced', async () => {
      await put(kit.store, ['a'])
      const job = await take(kit.store)
      await kit.store.fence({ id: 'a', token: job.lease_token, new_token: 'n', by: 's', lease_ms: 20_000 })
      const output = outputOf(job, { bytes: 5 })
      await keep(output)
      await settle(kit.store, { ...job, lease_token: 'n' }, { kind: 'interrupted', cause: 'host lost' })
      const second = outputOf(await take(kit.store), { bytes: 4 })
      await keep(second, { ...output, bytes: 7 })
      expect(await read(output.token)).to.deep.equal(found({ ...output, bytes: 7 }))
      expect(await read(second.token)).to.deep.equal(found(second))
    })

    it('is removed with its job for good', async () => {
      for (const id of ['a', 'b']) {
        await put(kit.store, [id], { max_retries: 0 })
        const job = await take(kit.store)
        await keep(outputOf(job, { bytes: 5 }))
        await settle(kit.store, job, id === 'a' ? SUCCESS : FAILURE)
      }
      const [run] = await kit.store.runs({ id: 'a' })
      const [kept] = await kit.store.runs({ id: 'b' })
      await kit.store.purge({ states: ['completed'], older_than_ms: 0, limit: 10 })
      expect(await read(String(run?.token))).to.equal(null)
      expect((await read(String(kept?.token))) !== null).to.equal(kit.store.info.shared)
      // From a worker that was away meanwhile.
      await keep(outputOf({ id: 'a', runs: 1, run_token: String(run?.token) }, { bytes: 9 }))
      expect(await read(String(run?.token))).to.equal(null)
    })

    it('is never kept for a run that the store does not know', async () => {
      await ended(kit.store, 'a', SUCCESS)
      await keep(outputOf({ id: 'a', runs: 1, run_token: 'stranger' }, { bytes: 1 }))
      await keep(outputOf({ id: 'nobody', runs: 1, run_token: 'x' }, { bytes: 1 }))
      expect(await read('stranger')).to.equal(null)
      expect(await read('x')).to.equal(null)
    })

    it('is removed when the run history drops its run', async () => {
      await put(kit.store, ['a'])
      const tokens: string[] = []
      for (let n = 1; n <= 22; n++) {
        const job = await take(kit.store)
        tokens.push(String(job.run_token))
        await keep(outputOf(job, { bytes: n, ended: true }))
        await settle(kit.store, job, END)
      }
      const kept = await Promise.all(tokens.map(async (token) => (await read(token)) !== null))
      expect(kept).to.deep.equal(tokens.map((_, i) => kit.store.info.shared && i >= 2))
    })
  })
}

function outputOf(job: Pick<Job, 'id' | 'runs' | 'run_token'>, over: Partial<OutputTail>): OutputTail {
  const where = { token: String(job.run_token), job: job.id, run: job.runs, host: 'there', path: '/logs/x.log' }
  return { ...where, bytes: 0, tail: Buffer.from('$tail'), ended: false, ...over }
}
