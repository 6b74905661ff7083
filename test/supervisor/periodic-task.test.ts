import { expect } from 'chai'
import { timingOf } from '../../src/domain/timing.ts'
import { type PeriodicTask, TaskRunner } from '../../src/supervisor/periodic-task.ts'

const HOUR_MS = 3_600_000

interface Scope {
  open: boolean
  urgent: number | null
  done: string[]
}

describe('periodic tasks', () => {
  let scope: Scope
  let reported: string[]
  let tasks: TaskRunner<Scope>
  const task = (name: string, over: Partial<PeriodicTask<Scope>> = {}): PeriodicTask<Scope> => ({
    name,
    every_ms: HOUR_MS,
    work: async ({ done }) => void done.push(name),
    ...over,
  })

  beforeEach(() => {
    scope = { open: true, urgent: null, done: [] }
    reported = []
    tasks = new TaskRunner<Scope>(
      () => scope,
      timingOf(false),
      ({ message }) => reported.push(message),
    )
  })

  it('run in order at first, and again when due or hastened', async () => {
    const [a, b] = [task('a'), task('b')]
    for (let tick = 0; tick < 3; tick++) await tasks.run([a, b])
    expect(scope.done).to.deep.equal(['a', 'b'])
    expect(tasks.dueIn(b)).to.be.within(1, HOUR_MS)
    expect(tasks.hasten(b)).to.equal(true)
    expect(tasks.dueIn(b)).to.equal(0)
    await tasks.run([a, b])
    expect(scope.done).to.deep.equal(['a', 'b', 'b'])
  })

  it('keep the given distance from their last start when hastened', async () => {
    const a = task('a')
    await tasks.run([a])
    expect(tasks.hasten(a, HOUR_MS / 2)).to.equal(true)
    expect(tasks.hasten(a, HOUR_MS / 2), 'a second time').to.equal(false)
    await tasks.run([a])
    expect(scope.done).to.deep.equal(['a'])
  })

  it('wait for their condition, and run early when urgent', async () => {
    const a = task('a', { when: ({ open }) => open, hurry: ({ urgent }) => urgent })
    scope.open = false
    await tasks.run([a])
    expect(scope.done).to.deep.equal([])
    scope.open = true
    for (let tick = 0; tick < 2; tick++) await tasks.run([a])
    expect(scope.done).to.deep.equal(['a'])
    scope.urgent = 0
    await tasks.run([a])
    expect(scope.done).to.deep.equal(['a', 'a'])
  })

  it('continue in the background when they take long, one run at a time, and do not delay others', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const slow = task('slow', { work: ({ done }) => promise.then(() => void done.push('slow')) })
    const quick = task('quick')
    await tasks.run([slow, quick])
    tasks.hasten(slow)
    await tasks.run([slow])
    expect(scope.done).to.deep.equal(['quick'])
    expect(tasks.isBusy(slow)).to.equal(true)
    resolve()
    await tasks.run([slow])
    expect(scope.done).to.deep.equal(['quick', 'slow'])
  })

  it('report an error and run again when due', async () => {
    const failing = task('failing', { every_ms: 0, work: () => Promise.reject(new Error('no store')) })
    for (let tick = 0; tick < 2; tick++) await tasks.run([failing, task('next')])
    expect(reported).to.deep.equal(['no store', 'no store'])
    expect(scope.done).to.deep.equal(['next', 'next'])
  })
})
