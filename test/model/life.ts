import { expect } from 'chai'
import { QueuectlError } from '../../src/domain/errors.ts'
import type { Job, NewJob } from '../../src/domain/job.ts'
import { decide } from '../../src/domain/outcome.ts'
import type { Claimed, ClaimParams, SettleParams } from '../../src/store/port.ts'
import { newJob } from '../contract/kit.ts'
import type { ModelJob } from './jobs-model.ts'
import { lookAtJobs, lookAtRuns } from './looks.ts'
import type { Span } from './now.ts'
import { FAR_MS, SHORT_MS, type StepOf } from './steps.ts'
import type { World } from './world.ts'

/** Steps from a job's insert to its end: the call, the model's answer, and what is stored after it. */
export const LIFE = { insert, claim, settle, fence, change }

async function insert(world: World, { specs, skip_taken }: StepOf<'insert'>): Promise<void> {
  const jobs = specs.map((spec) => specOf(world, spec))
  const once = async () => {
    const expected = world.jobs.insert(jobs, skip_taken)
    const { answer, span } = await world.call('command', (store) =>
      store.insert({ jobs, skip_taken }).catch((error) => nothingFor(error, 'duplicate_id')),
    )
    const said = answer?.map((one) => (one === null ? 'left out' : one.existing ? 'existing' : 'stored'))
    expect(said ?? null, 'the answer to an insert').to.deep.equal(expected)
    const returned = answer?.map((one) => one?.job)
    await lookAtJobs(
      world,
      span,
      jobs.map(({ id }) => id),
      returned,
    )
  }
  await once()
  world.again.insert.push(once)
}

/** For a call that may be refused with that code: then it has no answer. */
export function nothingFor(error: unknown, code: string): null {
  expect(error).to.be.instanceOf(QueuectlError).and.include({ code })
  return null
}

function specOf(world: World, { id, wait, backoff, ...spec }: StepOf<'insert'>['specs'][number]): NewJob {
  const delay_ms = { none: 0, short: SHORT_MS, far: FAR_MS, past: 0, at: 0 }[wait]
  const run_at = { none: null, short: null, far: null, past: 1000, at: Date.now() + FAR_MS }[wait]
  const backoff_base = { none: 0, short: SHORT_MS / 1000, far: FAR_MS / 1000 }[backoff]
  return newJob({ ...spec, id: id ?? world.name('j'), delay_ms, run_at, backoff_base, insert_token: world.name('i') })
}

async function claim(world: World, step: StepOf<'claim'>): Promise<void> {
  const held = step.again ? world.pick(step.pick, world.jobs.processing()) : undefined
  const params = claimOf(world, step.claim, held)
  const { answer, span } = await world.call('worker', (store) => store.claim(params))
  await claimed(world, params, answer, span)
}

function claimOf(world: World, { worker, filter, lease_ms }: StepOf<'claim'>['claim'], held?: ModelJob): ClaimParams {
  const token = held ? String(held.fields.lease_token) : world.token()
  return { worker_id: worker, host: 'here', filter, lease_ms, token }
}

/** Checks the answer to a claim. `settled`: jobs that the same call changed before. */
async function claimed(
  world: World,
  params: ClaimParams,
  { job, next_due_ms }: Claimed,
  span: Span,
  settled: readonly string[] = [],
): Promise<void> {
  world.claimed(params, job, span.to)
  await lookAtJobs(world, span, job ? [job.id, ...settled] : settled, [job])
  const due = job === null ? world.due(params.filter) : null
  if (due === null) expect(next_due_ms, 'when the next job is due').to.equal(null)
  else expect(due - Number(next_due_ms), 'now').to.be.within(span.from - span.slack_ms, span.to + span.slack_ms)
}

async function settle(world: World, step: StepOf<'settle'>): Promise<void> {
  const job = world.pick(step.pick, world.jobs.processing()) ?? world.pick(step.pick)
  if (job) await settleJob(world, job, world.tokenOf(job, step.by, step.pick), step)
}

/** The end of a job's run, written by `token`. */
export async function settleJob(
  world: World,
  job: ModelJob,
  token: string,
  step: Pick<StepOf<'settle'>, 'outcome' | 'run_ms' | 'next'>,
): Promise<void> {
  const settlement = decide(job.fields as Job, step.outcome)
  const run = { worker: 'w1', host: 'there', run_ms: step.run_ms }
  const params: SettleParams = { id: job.fields.id, token, settlement, run }
  // It is undefined whether a job that is due in a moment is the next one.
  const short = settlement.delay_ms > 0 && settlement.delay_ms < FAR_MS / 2
  const once = async (asked: SettleParams) => {
    const state = world.jobs.settle(asked)
    const { answer, span } = await world.call('worker', (store) => store.settle(asked))
    expect(answer.state, 'the state that was written').to.equal(state)
    expect(answer.next === null, 'whether the claim has no answer').to.equal(asked.next === undefined)
    if (asked.next && answer.next) await claimed(world, asked.next, answer.next, span, [asked.id])
    else await lookAtJobs(world, span, [asked.id])
    await lookAtRuns(world, span, asked.id)
  }
  await once(step.next === null || short ? params : { ...params, next: claimOf(world, step.next) })
  world.again.settle.push(() => once(params))
}

async function fence(world: World, step: StepOf<'fence'>): Promise<void> {
  const job = world.pick(step.pick, world.jobs.processing()) ?? world.pick(step.pick)
  if (job) await fenceJob(world, job, world.tokenOf(job, step.by, step.pick), step.lease_ms)
}

/** Fences a job that is held by `token`. */
export async function fenceJob(world: World, job: ModelJob, token: string, lease_ms: number): Promise<void> {
  const params = { id: job.fields.id, token, new_token: world.token(), by: 's2', lease_ms }
  const once = async () => {
    const expected = world.jobs.fence(params)
    const { answer, span } = await world.call('supervisor', (store) => store.fence(params))
    expect(answer, 'whether the fence succeeded').to.equal(expected)
    await lookAtJobs(world, span, [params.id])
  }
  await once()
  world.again.fence.push(once)
}

async function change(world: World, step: StepOf<'cancel' | 'requeue' | 'promote'>): Promise<void> {
  const ids = step.ids.map((id) => (typeof id === 'string' ? id : (world.pick(id)?.fields.id ?? 'nobody')))
  const { answer, span } = await world.call('command', (store) => store[step.do]({ ids }))
  const expected = ids.map((id) => ({ id, result: world.jobs.change(step.do, id, span.from) }))
  const said = answer.map(({ id, result }) => ({ id, result }))
  expect(said, step.do).to.deep.equal(expected)
  const last = new Map(answer.map(({ id, job }) => [id, job]))
  await lookAtJobs(world, span, ids, [...last.values()])
  for (const { id, job } of answer) expect(job === null, `${id} is not there`).to.equal(!world.jobs.jobs.has(id))
}
