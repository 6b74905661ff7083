import { ALL_QUEUES } from '../../src/domain/claim-filter.ts'
import { newToken } from '../../src/domain/ids.ts'
import { decide } from '../../src/domain/outcome.ts'
import type { ClaimParams, JobStore } from '../../src/store/port.ts'
import { type BenchOptions, newPlace } from './program.ts'
import { type Figure, median, percentile, shuffled } from './report.ts'
import { fill, open } from './store.ts'

const LEASE_MS = 20_000
const CYCLES = 800

/** Claim and settle by the store alone, as a worker does: each result and the next claim are one call. */
export async function claim(options: BenchOptions): Promise<Figure[]> {
  const { quick, size } = options
  const [few, count] = [size(1_000), size(CYCLES)]
  const ready = (quick ? [1_000, 100_000] : [1_000, 100_000, 1_000_000]).map(size)
  await using places = new AsyncDisposableStack()
  const newCase = (name: string, jobs: number, delayed: number) => {
    return { name, jobs, delayed, address: places.use(newPlace(options)).db }
  }
  const cases = ready.map((jobs) => newCase(label(jobs), jobs, 0))
  const delayed = size(100_000)
  cases.push(newCase(`${label(few)} behind ${delayed.toLocaleString('en')} delayed`, few, delayed))
  const rounds: Record<string, { ms: number; cycles: number[] }>[] = []
  for (const { address, jobs, delayed } of cases) {
    // In front of the others: with a higher priority, and enqueued first.
    await fill(address, delayed, { priority: 10, delay_ms: 86_400_000 })
    await fill(address, jobs)
  }
  for (let round = 0; round < (quick ? 3 : 7); round++) {
    const times: Record<string, { ms: number; cycles: number[] }> = {}
    for (const { name, address } of shuffled(cases)) {
      times[name] = await cycles(address, count)
      await fill(address, count)
    }
    rounds.push(times)
  }
  const base = label(few)
  return cases.flatMap(({ name }) => {
    const rate = median(rounds.map((times) => count / ((times[name]?.ms ?? Number.NaN) / 1000)))
    const all = rounds.flatMap((times) => times[name]?.cycles ?? [])
    const note = `p50 ${percentile(all, 50).toFixed(3)} ms, p99 ${percentile(all, 99).toFixed(3)} ms`
    const figures: Figure[] = [{ name: `claim + settle, ${name}`, value: rate, unit: '/s', note }]
    if (name === base) return figures
    const slower = median(rounds.map((times) => (times[name]?.ms ?? Number.NaN) / (times[base]?.ms ?? Number.NaN)))
    figures.push({ name: `  time against ${base}`, value: slower, unit: '×', target: { at_most: 1.5 } })
    return figures
  })
}

function label(jobs: number): string {
  return `${jobs.toLocaleString('en')} ready`
}

async function cycles(address: string, count: number): Promise<{ ms: number; cycles: number[] }> {
  const store = await open(address, 'worker')
  try {
    let job = (await store.claim(ask())).job
    const each: number[] = []
    const started = performance.now()
    for (let n = 0; n < count; n++) {
      const before = performance.now()
      job = await settleAndClaim(store, job, n < count - 1)
      each.push(performance.now() - before)
    }
    return { ms: performance.now() - started, cycles: each }
  } finally {
    await store.close()
  }
}

async function settleAndClaim(store: JobStore, job: Awaited<ReturnType<JobStore['claim']>>['job'], more: boolean) {
  if (!job?.lease_token) throw new Error('nothing to claim')
  const { state, next } = await store.settle({
    id: job.id,
    token: job.lease_token,
    settlement: decide(job, { kind: 'exit', exit_code: 0 }),
    run: { worker: 'bench', host: 'bench', run_ms: 1 },
    ...(more ? { next: ask() } : {}),
  })
  if (state !== 'completed') throw new Error(`settled as ${state}`)
  return next?.job ?? null
}

function ask(): ClaimParams {
  return { worker_id: 'bench', host: 'bench', token: newToken(), filter: ALL_QUEUES, lease_ms: LEASE_MS }
}
