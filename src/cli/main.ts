import { EXIT } from '../domain/errors.ts'
import { withoutSecrets } from '../domain/store-address.ts'
import { showAsArguments } from '../platform/self.ts'
import { VERSION } from './build-info.ts'
import { Context } from './context.ts'
import { failureOf, failureText, helpExitCode } from './failure.ts'

/** Runs the command line `argv` (without program and script), then exits the process. Never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  const context = new Context(argv)
  process.on('uncaughtException', (error) => {
    fail(context, error)
    process.exit()
  })
  try {
    // Installers and scripts call --version first. The parser would take half of its time.
    if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) return context.out(VERSION)
    const shown = argv.map(withoutSecrets)
    if (shown.some((word, i) => word !== argv[i])) showAsArguments(shown)
    const { buildProgram } = await import('./program.ts')
    const program = await buildProgram(context, argv)
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    fail(context, error)
  }
  await context.close().catch((error) => fail(context, error))
  await context.flush()
  // Node's normal exit first frees what the end of the process frees anyway: a twentieth of a short command's time. It
  // also waits for connections to a store that does not answer.
  process.exit()
}

function fail(context: Context, error: unknown): void {
  const helped = helpExitCode(error)
  // Help because of a missing command is for people; for machines it is an ordinary failure.
  if (helped !== null && (helped === EXIT.ok || !context.json)) {
    context.exit(helped)
    return
  }
  const failure = failureOf(error)
  context.err(`${failureText(failure, context.json)}\n`)
  if (process.env.QUEUECTL_DEBUG && error instanceof Error) context.err(`${withoutSecrets(String(error.stack))}\n`)
  context.exit(failure.exit_code)
}
