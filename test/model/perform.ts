import type { ModelJob } from './jobs-model.ts'
import { fenceJob, LIFE, settleJob } from './life.ts'
import { answerControl, REST } from './rest.ts'
import type { Step, StepOf } from './steps.ts'
import type { World } from './world.ts'

type Handlers = { [Kind in Step['do']]: (world: World, step: StepOf<Kind>) => Promise<unknown> | undefined }

const HANDLERS: Handlers = {
  ...LIFE,
  ...REST,
  cancel: LIFE.change,
  requeue: LIFE.change,
  promote: LIFE.change,
  insertAgain: ({ again }, { pick }) => again.insert[pick % again.insert.length]?.(),
  settleAgain: ({ again }, { pick }) => again.settle[pick % again.settle.length]?.(),
  fenceAgain: ({ again }) => again.fence.at(-1)?.(),
  reap,
  stop,
  reopen: (world, { role }) => world.reopen(role),
}

/** Performs `step` in the world: checks the store's answer, and what it holds after it, against the model. */
export async function perform(world: World, step: Step): Promise<void> {
  await HANDLERS[step.do](world, step as never)
}

/** R1: fence, then settle under the new token. The late answer of the previous worker finds nothing. */
async function reap(world: World, { pick, outcome }: StepOf<'reap'>): Promise<void> {
  const job = world.pick(pick, world.jobs.processing())
  if (job === undefined) return
  const old = String(job.fields.lease_token)
  await fenceJob(world, job, old, 1)
  await settleJob(world, job, String(job.fields.lease_token), { outcome, run_ms: null, next: null })
  await settleJob(world, job, old, { outcome: { kind: 'exit', exit_code: 0 }, run_ms: 5, next: null })
}

/** A supervisor that stops: it takes the request, releases its workers' jobs, deregisters, and answers. */
async function stop(world: World, { supervisor }: StepOf<'stop'>): Promise<void> {
  const id = await REST.ask(world, { supervisor, same: false })
  await REST.takeControls(world, { supervisor })
  const its = ({ fields }: ModelJob) => world.supervisorOf(String(fields.processing_by)) === supervisor
  const held = world.jobs.processing().filter(its)
  const outcome = { kind: 'released', cause: 'end of grace' } as const
  for (const job of held) {
    await settleJob(world, job, String(job.fields.lease_token), { outcome, run_ms: 5, next: null })
  }
  const rows = [...world.registry.processes.values()]
  const workers = rows.filter((row) => row.kind === 'worker' && row.supervisor_id === supervisor)
  await REST.deregister(world, { ids: [supervisor, ...workers.map((row) => row.id)] })
  await answerControl(world, id, { killed: 0, released: held.length })
}
