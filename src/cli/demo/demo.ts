import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { EXIT, invalid, QueuectlError } from '../../domain/errors.ts'
import type { Context } from '../context.ts'
import { paint } from '../terminal/table.ts'
import { Stage } from './stage.ts'

// Commands that sh and cmd.exe read alike.
const FAILS_ONCE = 'mkdir seen 2>error.txt && echo first try fails && exit 1 || echo second try'
const NEEDS_FOLDER = 'cd missing && echo found'

/**
 * `demo`: the life of a queue, command by command as one types them, in a temporary folder. It leaves nothing, also after Ctrl-C (exit
 * 130). Throws `demo_failed` (1) when a command or a job does not end as shown.
 */
export async function demo(context: Context): Promise<void> {
  if (context.db !== undefined) throw invalid('demo makes a queue for itself', 'omit --db')
  const stage = new Stage(context)
  const steps: { command: string; exit_code: number }[] = []
  const run = async (args: readonly string[], { exit = 0, input }: { exit?: number; input?: string } = {}) => {
    const command = typed(args, input)
    if (!context.json) context.out(`\n${paint('$', 'dim')} ${paint(command, 'bold')}`)
    const { code } = await stage.run(args, { input, quiet: context.json })
    steps.push({ command, exit_code: code })
    if (code !== exit) throw failed(`${command} exited with ${code}, not ${exit}`)
  }
  const say = (text: string) => {
    if (!context.json) context.out(`\n${paint(`# ${text}`, 'cyan')}`)
  }
  await stage.play(async () => {
    say('Jobs: one is plain, one fails at first, one fails until its cause is repaired.')
    await run(['enqueue', '{"id":"hello","command":"echo Hello","max_retries":3}'])
    await run(['enqueue', '--id', 'flaky', '--backoff-base', '1', '--', FAILS_ONCE])
    await run(['enqueue', '--id', 'broken', '--backoff-base', '1', '--max-retries', '1', '--', NEEDS_FOLDER])
    await run(['enqueue', '--id', 'urgent', '--priority', '10', '--', 'echo goes first'])
    await run(['enqueue', '-'], { input: 'echo one of two\necho two of two\n' })
    await run(['status'])

    say('Two workers, until nothing is left to run. Exit code 1: a job died meanwhile.')
    await run(['worker', 'start', '--count', '2', '--drain'], { exit: EXIT.unsuccessful })
    await run(['list'])
    await check(stage, { hello: 'completed', flaky: 'completed', broken: 'dead', urgent: 'completed' })

    say('The retry: two runs, the second one good.')
    await run(['show', 'flaky'])

    say('The dead letter queue: repair the cause, then run the job again.')
    await run(['dlq', 'list'])
    if (!context.json) context.out(`\n${paint('$', 'dim')} ${paint('mkdir missing', 'bold')}`)
    mkdirSync(path.join(stage.folder, 'missing'))
    await run(['dlq', 'retry', 'broken'])
    await run(['worker', 'start', '--drain'])
    await run(['status'])
    await check(stage, { broken: 'completed' })
  })
  if (context.json) context.outJson({ ok: true, steps })
  else context.out(`\n${paint('# Everything went as shown. The queue and its folder are removed.', 'cyan')}`)
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
