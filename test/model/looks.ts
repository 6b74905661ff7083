import { expect } from 'chai'
import { auditHistory } from '../../src/domain/audit.ts'
import type { JobHistory } from '../../src/domain/history.ts'
import type { Job } from '../../src/domain/job.ts'
import { TRANSITIONS } from '../../src/domain/outcome.ts'
import { counted } from './list-model.ts'
import { meet, type Span, same } from './now.ts'
import type { World } from './world.ts'

/** Checks that jobs are stored as they must be. `returned`: jobs as the call returned them. */
export async function lookAtJobs(
  world: World,
  span: Span,
  ids: Iterable<string>,
  returned: readonly (Job | null | undefined)[] = [],
): Promise<void> {
  const store = await world.store('command')
  for (const id of new Set(ids)) {
    const job = await store.get({ id })
    const expected = world.jobs.jobs.get(id)
    expect(job === null, `whether ${id} is gone`).to.equal(expected === undefined)
    if (job === null || expected === undefined) continue
    meet(expected.fields, job, span, `job ${id}`)
    expect([expected.seen, ...TRANSITIONS[expected.seen]], `states of ${id}`).to.include(job.state)
    expected.seen = job.state
    await world.outwait(expected)
  }
  for (const job of returned) if (job) same(job, world.fields(job.id) ?? {}, `job ${job.id} as it was returned`)
}

/** Checks the finished runs of a job. */
export async function lookAtRuns(world: World, span: Span, id: string): Promise<void> {
  const runs = (await (await world.store('supervisor')).runs({ id })).slice(-world.nature.history)
  const expected = world.jobs.jobs.get(id)?.runs ?? []
  expect(
    runs.map(({ number }) => number),
    `runs of ${id}`,
  ).to.deep.equal(expected.map(({ run }) => run.number))
  for (const [i, run] of runs.entries()) meet(expected[i]?.run ?? run, run, span, `run ${run.number} of ${id}`)
}

/** Checks the registry. */
export async function lookAtProcesses(world: World, span: Span): Promise<void> {
  const rows = await (await world.store('command')).processes()
  const { processes } = world.registry
  expect(
    rows.map(({ id }) => id),
    'the registered processes',
  ).to.have.members([...processes.keys()])
  for (const row of rows) meet(processes.get(row.id) ?? row, row, span, `process ${row.id}`)
  const starts = rows.map(({ started_at }) => started_at)
  expect(starts, 'the oldest first').to.deep.equal(starts.toSorted((a, b) => a - b))
}

/** Checks everything, by another connection than the one that wrote most of it. */
export async function lookAtAll(world: World): Promise<void> {
  const store = await world.store('supervisor')
  const { jobs, registry } = world
  const all = [...jobs.jobs.values()]
  expect(await store.list({ sort: 'oldest', limit: 10_000 }), 'all jobs').to.deep.equal(all.map(({ fields }) => fields))
  expect(await store.processing()).to.have.deep.members(jobs.processing().map(({ fields }) => fields))
  expect(await store.overview()).to.deep.equal(counted(jobs, store.now()))
  const span = { from: store.now(), to: store.now(), slack_ms: 0 }
  for (const id of jobs.jobs.keys()) await lookAtRuns(world, span, id)
  await lookAtProcesses(world, span)
  const samples = await store.samples({ since: 0 })
  expect(samples).to.have.deep.members([...registry.samples.values()])
  expect(samples, 'the oldest first').to.deep.equal(samples.toSorted((a, b) => a.at - b.at))
  await lookAtBooks(world)
}

/** Every start has exactly one outcome on record, or is still running; and the audit finds nothing. */
async function lookAtBooks(world: World): Promise<void> {
  const store = await world.store('command')
  const histories: JobHistory[] = []
  for (let after: number | null = null; ; ) {
    const page = await store.history({ after, limit: PAGE })
    histories.push(...page.histories)
    if (page.next === null) break
    after = page.next
  }
  const expected = [...world.jobs.jobs.values()].map(({ fields, runs }) => {
    return { job: fields, runs: runs.map(({ run, state, requeues }) => ({ ...run, state, requeues })) }
  })
  expect(histories, 'the run history').to.deep.equal(expected)
  const tokens = expected.flatMap(({ runs }) => runs.map(({ token }) => token))
  expect(await store.recorded({ tokens: [...tokens, 'nobody'] })).to.deep.equal(tokens)
  const faults = histories.flatMap((history) => auditHistory(history, store.info.runs_kept))
  if (faults.length > 0) expect.fail(`the audit: ${JSON.stringify(faults)}`)
}

/** Usually smaller than the number of jobs. */
const PAGE = 7
