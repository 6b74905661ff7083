import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { EXIT, invalid, QueuectlError } from '../../domain/errors.ts'
import type { Context } from '../context.ts'
import { paint } from '../terminal/table.ts'
import { Stage } from './stage.ts'

// Commands that mean the same in sh and cmd.exe.
const FAILS_ONCE = 'mkdir seen 2>error.txt && echo first try fails && exit 1 || echo second try'
const NEEDS_FOLDER = 'cd missing && echo found'

/**
 * `demo`: shows a queue command by command, as typed in a terminal, in a temporary folder. Leaves nothing behind, also
 * after Ctrl-C (exit 130). Throws `demo_failed` (1) when a command or a job does not end as expected.
 */
export async function demo(context: Context): Promise<void> {
  if (context.db !== undefined) throw invalid('demo uses its own queue', 'omit --db')
  const stage = new Stage(context)
  const steps: { command: string; exit_code: number }[] = []
  const run = async (args: readonly string[], { exit = 0, input }: { exit?: number; input?: string } = {}) => {
    const command = typed(args, input)
    if (!context.json) context.out(`\n${paint('$', 'dim')} ${paint(command, 'bold')}`)
    const { code } = await stage.run(args, { input, quiet: context.json })
    steps.push({ command, exit_code: code })
    if (code !== exit) throw failed(`${command} exited with ${code}, not ${exit}`)
  }
  const comment = (text: string) => {
    if (!context.json) context.out(`\n${paint(`# ${text}`, 'cyan')}`)
  }
  await stage.play(async () => {
    comment('Jobs: one succeeds, one fails at first, one fails until its cause is fixed.')
    await run(['enqueue', '{"id":"hello","command":"echo Hello","max_retries":3}'])
    await run(['enqueue', '--id', 'flaky', '--backoff-base', '1', '--', FAILS_ONCE])
    await run(['enqueue', '--id', 'broken', '--backoff-base', '1', '--max-retries', '1', '--', NEEDS_FOLDER])
    await run(['enqueue', '--id', 'urgent', '--priority', '10', '--', 'echo goes first'])
    await run(['enqueue', '-'], { input: 'echo one of two\necho two of two\n' })
    await run(['status'])

    comment('Two workers, until all jobs are finished. Exit code 1: a job died.')
    await run(['worker', 'start', '--count', '2', '--drain'], { exit: EXIT.unsuccessful })
    await run(['list'])
    await check(stage, { hello: 'completed', flaky: 'completed', broken: 'dead', urgent: 'completed' })

    comment('The retry: two runs, and the second one succeeded.')
    await run(['show', 'flaky'])

    comment('The dead letter queue: fix the cause, then run the job again.')
    await run(['dlq', 'list'])
    if (!context.json) context.out(`\n${paint('$', 'dim')} ${paint('mkdir missing', 'bold')}`)
    mkdirSync(path.join(stage.folder, 'missing'))
    await run(['dlq', 'retry', 'broken'])
    await run(['worker', 'start', '--drain'])
    await run(['status'])
    await check(stage, { broken: 'completed' })
  })
  if (context.json) context.outJson({ ok: true, steps })
  else context.out(`\n${paint('# All steps succeeded. The queue and its folder are removed.', 'cyan')}`)
}

/** Throws `demo_failed` unless the jobs are in these states. */
async function check(stage: Stage, expected: Readonly<Record<string, string>>): Promise<void> {
  const { stdout } = await stage.run(['list', '--json'], { quiet: true })
  const jobs: { id: string; state: string }[] = JSON.parse(stdout || '[]')
  for (const [id, state] of Object.entries(expected)) {
    const found = jobs.find((job) => job.id === id)?.state ?? 'missing'
    if (found !== state) throw failed(`job ${id} is ${found}, not ${state}`)
  }
}

const failed = (message: string) => new QueuectlError('demo_failed', EXIT.unsuccessful, message)

function typed(args: readonly string[], input: string | undefined): string {
  const feed = input === undefined ? '' : `printf ${quoted(input)} | `
  return `${feed}queuectl ${args.map(quoted).join(' ')}`
}

function quoted(word: string): string {
  return /^[\w./=:-]+$/.test(word) ? word : `'${word.replaceAll('\n', '\\n').replaceAll("'", "'\\''")}'`
}
