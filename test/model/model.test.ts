import fc from 'fast-check'
import { mongoBench } from '../contract/bench-mongo.ts'
import { sqliteBench } from '../contract/bench-sqlite.ts'
import type { Bench } from '../contract/kit.ts'
import { LENGTH } from '../helpers/length.ts'
import { mongoServer, needsMongo } from '../helpers/mongo-server.ts'
import { holdsFor, RUN } from '../helpers/property.ts'
import { MEMORY } from '../helpers/temp.ts'
import { lookAtAll } from './looks.ts'
import { perform } from './perform.ts'
import { anyStep, type Step } from './steps.ts'
import { type Nature, World } from './world.ts'

/** Shorter sequences would miss many states of a job. */
const LONGEST = 200
const LOOK_EVERY = 25

describe('any sequence of calls leaves a store in the state of the model @full @posix', () => {
  it('on SQLite', async function () {
    this.timeout(RUN.patience_ms)
    await holds(() => sqliteBench(MEMORY), { lazy: false, history: Number.POSITIVE_INFINITY, slack_ms: 0 }, 10_000)
  })

  describe('on MongoDB', () => {
    before(needsMongo)

    it('also with the same sequences', async function () {
      this.timeout(RUN.patience_ms)
      const { slow } = await mongoServer()
      await holds(mongoBench, { lazy: true, history: 20, slack_ms: 1_000 }, slow ? 300 : 4_000)
    })
  })
})

async function holds(make: () => Promise<Bench>, nature: Nature, full: number): Promise<void> {
  const steps = full * LENGTH
  const sequences = fc.array(anyStep, { minLength: 1, maxLength: LONGEST, size: 'max' })
  const taken = { steps: 0 }
  const property = fc.asyncProperty(sequences, async (sequence) => {
    taken.steps += sequence.length
    await follow(make, nature, sequence)
  })
  for (let round = 0; taken.steps < steps && !(RUN.replay && round > 0); round++) await holdsFor(property, 1, round)
}

async function follow(make: () => Promise<Bench>, nature: Nature, sequence: readonly Step[]): Promise<void> {
  const bench = await make()
  try {
    const world = new World(bench, nature)
    for (const [index, step] of sequence.entries()) {
      await perform(world, step)
      if (index % LOOK_EVERY === 0) await lookAtAll(world)
    }
    await lookAtAll(world)
  } finally {
    await bench.dispose()
  }
}
