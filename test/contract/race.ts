import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { watchedFlags } from '../helpers/strict-wire/notes.ts'
import { claimOf, type Kit, many, newJob, put, SUCCESS, settle, take } from './kit.ts'

const CLAIMER = fileURLToPath(new URL('../fixtures/claimer.ts', import.meta.url))

export function raceContract(kit: Kit): void {
  describe('many at once', () => {
    it('connections that claim at the same time get each job once, and all of them (F28)', async () => {
      const jobs = Array.from({ length: many(kit, 200) }, () => newJob())
      await kit.store.insert({ jobs })
      const workers = await Promise.all(Array.from({ length: 4 }, () => kit.bench.open('worker')))
      const taken = (await Promise.all(workers.map((store) => drain(store)))).flat()
      expect(taken.sort()).to.deep.equal(jobs.map((job) => job.id).sort())
    })

    it('processes that claim at the same time get each job once; the run history balances (F28)', async () => {
      const jobs = Array.from({ length: many(kit, 300) }, () => newJob())
      await kit.store.insert({ jobs })
      const taken = (await Promise.all(['p1', 'p2', 'p3'].map((id) => claimer(kit.bench.address, id)))).flat()
      expect(taken.sort()).to.deep.equal(jobs.map((job) => job.id).sort())
      expect((await kit.store.overview()).total).to.include({ completed: jobs.length, ready: 0, processing: 0 })
      const runs = await Promise.all(jobs.map(({ id }) => kit.store.runs({ id })))
      expect(runs.every((list) => list.length === 1)).to.equal(true)
    })

    it('of two that fence the same job one wins', async () => {
      await put(kit.store, ['a'])
      const { lease_token } = await take(kit.store)
      const stores = await Promise.all([kit.bench.open('supervisor'), kit.bench.open('supervisor')])
      const fence = (new_token: string) => ({ id: 'a', token: lease_token, new_token, by: 's', lease_ms: 1000 })
      const won = await Promise.all(stores.map((store, i) => store.fence(fence(`t${i}`))))
      expect(won.filter(Boolean)).to.have.length(1)
    })

    it('of two that insert the same id one is first (F28)', async () => {
      const stores = await Promise.all([kit.bench.open(), kit.bench.open()])
      const spec = () => newJob({ id: 'a', content_hash: 'h' })
      const inserted = await Promise.all(stores.map((store) => store.insert({ jobs: [spec()] })))
      expect(
        inserted
          .flat()
          .map((one) => one?.existing)
          .sort(),
      ).to.deep.equal([false, true])
    })
  })
}

/** Claims and settles until nothing is ready; returns the ids. */
async function drain(store: Kit['store']): Promise<string[]> {
  const ids: string[] = []
  for (let { job } = await store.claim(claimOf()); job; ) {
    ids.push(job.id)
    job = (await settle(store, job, SUCCESS, claimOf())).next?.job ?? null
  }
  return ids
}

/** The same in a separate process. */
function claimer(address: string, id: string): Promise<string[]> {
  const child = spawn(process.execPath, [...watchedFlags(), CLAIMER, address, id], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 50_000,
  })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0 ? resolve(output.split('\n').filter(Boolean)) : reject(new Error(`exit code ${code}`)),
    )
  })
}
