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
  let told: string[]
  let tasks: TaskRunner<Scope>
  const task = (name: string, over: Partial<PeriodicTask<Scope>> = {}): PeriodicTask<Scope> => ({
    name,
    every_ms: HOUR_MS,
    work: async ({ done }) => void done.push(name),
    ...over,
  })

  beforeEach(() => {
    scope = { open: true, urgent: null, done: [] }
    told = []
    tasks = new TaskRunner<Scope>(
      () => scope,
      timingOf(false),
      ({ message }) => told.push(message),
    )
  })

  it('are done in order at first, and again in their time or when they are hastened', async () => {
    const [a, b] = [task('a'), task('b')]
    for (let tick = 0; tick < 3; tick++) await tasks.run([a, b])
    expect(scope.done).to.deep.equal(['a', 'b'])
    expect(tasks.dueIn(b)).to.be.within(1, HOUR_MS)
    expect(tasks.hasten(b)).to.equal(true)
    expect(tasks.dueIn(b)).to.equal(0)
    await tasks.run([a, b])
    expect(scope.done).to.deep.equal(['a', 'b', 'b'])
  })

  it('are hastened no sooner than they are told to be apart', async () => {
    const a = task('a')
    await tasks.run([a])
    expect(tasks.hasten(a, HOUR_MS / 2)).to.equal(true)
    expect(tasks.hasten(a, HOUR_MS / 2), 'a second time').to.equal(false)
    await tasks.run([a])
    expect(scope.done).to.deep.equal(['a'])
  })

  it('wait for their condition, and come early when it is urgent', async () => {
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

  it('go on in the background when they take long, one at a time, and hold up no other', async () => {
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

  it('are told of when they fail, and done again in their time', async () => {
    const failing = task('failing', { every_ms: 0, work: () => Promise.reject(new Error('no store')) })
    for (let tick = 0; tick < 2; tick++) await tasks.run([failing, task('next')])
    expect(told).to.deep.equal(['no store', 'no store'])
    expect(scope.done).to.deep.equal(['next', 'next'])
  })
})
