import path from 'node:path'
import { Context } from '../../src/cli/context.ts'
import { failureOf, failureText, helpExitCode } from '../../src/cli/failure.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { EXIT } from '../../src/domain/errors.ts'
import type { Ended } from '../helpers/queuectl.ts'

/** A command that waits is cut off after this time: its store is closed, and that must end it. */
const PATIENCE_MS = 100
/** A command that has not finished by then hangs. */
const HANGS_MS = 10_000

/** Collects the output of a command; not a terminal. */
class Ear extends Context {
  stdout = ''
  stderr = ''
  code = 0

  override out(text: string): void {
    this.stdout += `${text}\n`
  }

  override write(part: string | Buffer): void {
    this.stdout += part.toString()
  }

  override err(text: string): void {
    this.stderr += text
  }

  override get interactive(): boolean {
    return false
  }

  override exit(code: number): void {
    this.code = code
  }
}

/**
 * Runs the command line in this process, as `main` does in its own, in the folder `home`. It cannot do what needs a
 * separate process: start workers, or read stdin.
 */
export async function inProcess(argv: readonly string[], home: string): Promise<Ended> {
  const [cwd, environment] = [process.cwd(), { ...process.env }]
  const ear = new Ear(argv)
  process.chdir(home)
  for (const name of Object.keys(process.env)) if (/^(QUEUECTL_|MONGODB_URI$)/.test(name)) delete process.env[name]
  process.env.QUEUECTL_HOME = path.join(home, 'data')
  const listeners = process.listeners('SIGINT')
  const cut = setTimeout(() => void ear.close(), PATIENCE_MS)
  try {
    await Promise.race([run(ear, argv), hang(argv)])
    await ear.close()
  } finally {
    clearTimeout(cut)
    process.chdir(cwd)
    for (const one of process.listeners('SIGINT')) if (!listeners.includes(one)) process.off('SIGINT', one)
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name]
    Object.assign(process.env, environment)
  }
  return { code: ear.code, stdout: ear.stdout, stderr: ear.stderr }
}

async function run(ear: Ear, argv: readonly string[]): Promise<void> {
  try {
    const program = await buildProgram(ear, argv)
    await program.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    const helped = helpExitCode(error)
    if (helped !== null && (helped === EXIT.ok || !ear.json)) return ear.exit(helped)
    const failure = failureOf(error)
    ear.err(`${failureText(failure, ear.json)}\n`)
    // The stack shows the source of a failing property.
    if (failure.exit_code === EXIT.internal) ear.err(`${(error as Error).stack}\n`)
    ear.exit(failure.exit_code)
  }
}

function hang(argv: readonly string[]): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`it hangs: queuectl ${JSON.stringify(argv)}`)), HANGS_MS).unref()
  })
}
