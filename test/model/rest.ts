import { expect } from 'chai'
import type { OutputTail } from '../../src/domain/history.ts'
import type { Control } from '../../src/domain/processes.ts'
import type { ListParams } from '../../src/store/port.ts'
import { supervisorRow, workerRow } from '../contract/kit.ts'
import type { ModelJob } from './jobs-model.ts'
import { nothingFor } from './life.ts'
import { listed } from './list-model.ts'
import { lookAtJobs, lookAtProcesses } from './looks.ts'
import { meet, type Span, same } from './now.ts'
import type { StepOf } from './steps.ts'
import type { World } from './world.ts'

/** Steps that do not belong to one job's life. */
export const REST = { renew, purge, beat, deregister, ask, takeControls, answer, setting, list, findIds, keepOutput }

async function renew(world: World, { worker, picks, old, lease_ms }: StepOf<'renew'>): Promise<void> {
  const tokens = tokensOf(world, picks, old)
  const expected = world.jobs.renew(tokens, lease_ms)
  world.registry.renewed(worker)
  const { answer, span } = await world.call('worker', (store) => store.renew({ worker_id: worker, tokens, lease_ms }))
  expect(answer, 'the answer to a renewal').to.deep.equal(expected)
  await lookAtHeld(world, span)
}

function tokensOf(world: World, picks: readonly number[], old: readonly number[]): string[] {
  const held = picks.flatMap((pick) => world.pick(pick, world.jobs.processing()) ?? [])
  const others = old.map((pick) => String(world.tokens[pick % world.tokens.length]))
  return [...new Set([...held.map(({ fields }) => String(fields.lease_token)), ...others])]
}

async function lookAtHeld(world: World, span: Span): Promise<void> {
  const held = world.jobs.processing().map(({ fields }) => fields.id)
  await lookAtJobs(world, span, held)
  await lookAtProcesses(world, span)
}

async function purge(world: World, { states, queue, older_than_ms, limit }: StepOf<'purge'>): Promise<void> {
  const params = { states, older_than_ms, limit, ...(queue === null ? {} : { queue }) }
  const store = await world.store('supervisor')
  // A clock that is slightly behind may not see jobs that finished just now.
  await world.untilPast(Math.max(0, ...[...world.jobs.jobs.values()].map(endOf)))
  const { answer, span } = await world.call('supervisor', (store) => store.purge(params))
  const purgeable = world.jobs.purgeable(params, span.to)
  const left = new Set((await store.list({ sort: 'oldest', limit: 10_000 })).map(({ id }) => id))
  const gone = [...world.jobs.jobs.values()].filter(({ fields }) => !left.has(fields.id))
  expect(gone.length, 'the number of removed jobs').to.equal(Math.min(limit, purgeable.length))
  expect(purgeable).to.include.members(gone)
  // Those that finished first are removed first; the order within a millisecond is undefined.
  expect(gone.map(endOf).sort(), 'ends').to.deep.equal(purgeable.map(endOf).slice(0, gone.length))
  const tokens = gone.flatMap(({ runs }) => runs.map(({ run }) => run.token)).sort()
  expect({ ...answer, tokens: [...answer.tokens].sort() }).to.deep.equal({ jobs: gone.length, tokens })
  for (const { fields } of gone) world.jobs.jobs.delete(fields.id)
}

const endOf = ({ fields }: ModelJob) => Number(fields.finished_at)

async function beat(world: World, step: StepOf<'beat'>): Promise<void> {
  const { supervisor, lease_ms, picks } = step
  const its = step.workers.filter((id) => world.supervisorOf(id) === supervisor)
  const tokens = tokensOf(world, picks, [])
  const totals = { done: world.registry.samples.size, failed: 0 }
  const sample = { supervisor_id: supervisor, ...totals, processes: [{ id: 's', cpu: 1.5, rss: null }] }
  const params = {
    supervisor: supervisorRow(supervisor),
    workers: its.map((id) => workerRow(id, supervisor)),
    tokens,
    lease_ms,
    sample: step.sample ? sample : null,
  }
  const expected = world.jobs.renew(tokens, lease_ms)
  world.registry.beat(params, world.owners())
  const { answer, span } = await world.call('supervisor', (store) => store.beat(params))
  expect(answer, 'the answer to a heartbeat').to.deep.equal(expected)
  await lookAtHeld(world, span)
  if (!step.sample) return
  const samples = await (await world.store('command')).samples({ since: span.from - span.slack_ms })
  const stored = samples.findLast(({ supervisor_id }) => supervisor_id === supervisor)
  expect(stored).to.deep.equal({ ...sample, at: stored?.at })
  if (stored) world.registry.samples.set(`${stored.at} ${supervisor}`, stored)
}

async function deregister(world: World, { ids }: Pick<StepOf<'deregister'>, 'ids'>): Promise<void> {
  world.registry.deregister(ids)
  const { span } = await world.call('supervisor', (store) => store.deregister({ ids }))
  await lookAtProcesses(world, span)
}

async function ask(world: World, { supervisor, same }: Omit<StepOf<'ask'>, 'do'>): Promise<string> {
  const id = (same ? world.registry.controls[0]?.id : null) ?? world.name('c')
  const control = { id, supervisor_id: supervisor, kind: 'stop', args: { force: same } } as const
  world.registry.ask(control)
  const { span } = await world.call('command', (store) => store.ask(control))
  await lookAtControl(world, span, id)
  return id
}

async function takeControls(world: World, { supervisor }: Pick<StepOf<'takeControls'>, 'supervisor'>): Promise<void> {
  const expected = world.registry.take(supervisor)
  const { answer } = await world.call('supervisor', (store) => store.takeControls({ supervisor_id: supervisor }))
  expect(answer, 'what is taken').to.deep.equal(expected)
}

async function answer(world: World, { pick, result }: Omit<StepOf<'answer'>, 'do'>): Promise<void> {
  const { controls } = world.registry
  await answerControl(world, controls[pick % controls.length]?.id ?? 'c0', result)
}

/** The answer to the request `id`. */
export async function answerControl(world: World, id: string, result: Control['result']): Promise<void> {
  world.registry.answer(id, result)
  const { span } = await world.call('supervisor', (store) => store.answer({ id, result }))
  await lookAtControl(world, span, id)
}

async function lookAtControl(world: World, span: Span, id: string): Promise<void> {
  const stored = await (await world.store('command')).control({ id })
  const expected = world.registry.controls.find((one) => one.id === id)
  expect(stored === null, `${id} is not there`).to.equal(expected === undefined)
  if (stored && expected) meet(expected, stored, span, `control ${id}`)
}

async function setting(world: World, { key, value, unset }: StepOf<'setting'>): Promise<void> {
  if (unset) world.registry.config.delete(key)
  else world.registry.config.set(key, value)
  await world.call('command', (store) => store.setConfig({ key, value: unset ? null : value, unset }))
  expect(await (await world.store('worker')).config()).to.deep.equal(Object.fromEntries(world.registry.config))
}

async function list(world: World, { page: { after, ...page } }: StepOf<'list'>): Promise<void> {
  const behind = typeof after === 'number' ? world.pick(after)?.fields.id : after
  const params: ListParams = { ...page, ...(behind === undefined ? {} : { after: behind }) }
  const { answer, span } = await world.call('command', (store) =>
    store.list(params).catch((error) => nothingFor(error, 'not_found')),
  )
  const ids = answer?.map(({ id }) => id) ?? null
  expect(ids, 'a page').to.deep.equal(listed(world.jobs, params, span.to))
  for (const job of answer ?? []) same(job, world.fields(job.id) ?? {}, `job ${job.id} in a list`)
}

async function findIds(world: World, { prefix, limit }: StepOf<'findIds'>): Promise<void> {
  const ids = [...world.jobs.jobs.keys()].filter((id) => id.startsWith(prefix)).sort()
  expect(await (await world.store('command')).findIds({ prefix, limit })).to.deep.equal(ids.slice(0, limit))
}

async function keepOutput(world: World, { pick, bytes, ended, beyond }: StepOf<'keepOutput'>): Promise<void> {
  const fields = world.pick(pick)?.fields
  const token = fields?.run_token ?? world.pick(pick)?.runs.at(-1)?.run.token ?? 'nobody'
  const where = { token, job: fields?.id ?? 'nobody', run: fields?.runs ?? 1, host: 'here', path: '/log' }
  const given = { ...where, bytes, tail: Buffer.from('x'.repeat(bytes)), ended }
  const { answer } = await world.call('supervisor', async (store) => {
    await store.keepOutputs({ outputs: [given] })
    return {
      shared: store.info.shared,
      all: await store.output({ token }),
      news: await store.output({ token, beyond }),
    }
  })
  const kept = answer.shared ? world.registry.keep(given, token !== 'nobody') : null
  const plain = (output: OutputTail | null) => output && { ...output, tail: Buffer.from(output.tail).toString() }
  expect(plain(answer.all), 'what is kept').to.deep.equal(plain(kept))
  const news = kept && (kept.bytes > beyond || kept.ended) ? kept : null
  expect(plain(answer.news), 'what is new').to.deep.equal(plain(news))
}
