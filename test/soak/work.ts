import { queuectl } from '../helpers/queuectl.ts'

/**
 * The commands of a soak, in turn: output, none, a failure and a success, a child, 20 kB. One in 500 runs long enough
 * to be measured.
 */
const COMMANDS = [
  'echo done',
  'true',
  '[ "$QUEUECTL_ATTEMPT" -gt 1 ]',
  'sleep 0.05 & echo in the background',
  'head -c 20000 /dev/zero | tr "\\0" x',
] as const
const LONG = { every: 500, command: 'sleep 7' }

/** The jobs from number `from` up to but not including `to`, one JSON object a line. */
export function jobsText(from: number, to: number): string {
  const lines: string[] = []
  for (let i = from; i < to; i++) {
    const command = i % LONG.every === 0 ? LONG.command : COMMANDS[i % COMMANDS.length]
    lines.push(JSON.stringify({ command, backoff_base: 0, max_retries: 3 }))
  }
  return `${lines.join('\n')}\n`
}

/** Enqueues them by the command line. Throws if that fails. */
export async function enqueue(env: Record<string, string>, from: number, to: number): Promise<void> {
  if (to <= from) return
  const { code, stderr } = await queuectl(['enqueue', '-'], { env, input: jobsText(from, to) })
  if (code !== 0) throw new Error(`enqueue exited with ${code}: ${stderr}`)
}
