const TIMEOUT_MS = 10_000
const LARGEST_OUTPUT = 64 * 1024 * 1024

/** Standard output of a program of the system, given by its full path; null when it is missing or fails. Blocks; never throws. */
export function runProgramSync(file: string, args: readonly string[], env: Record<string, string> = {}): string | null {
  const { spawnSync } = childProcess()
  const options = { encoding: 'utf8', env: { ...process.env, ...env }, windowsHide: true, timeout: TIMEOUT_MS } as const
  const { status, stdout, error } = spawnSync(file, args, { ...options, maxBuffer: LARGEST_OUTPUT })
  return error === undefined && status === 0 ? stdout : null
}

/** As `runProgramSync`, without blocking. */
export function runProgram(
  file: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string | null> {
  return new Promise((resolve) => {
    const child = childProcess().spawn(file, args, {
      env: { ...process.env, ...env },
      windowsHide: true,
      timeout: TIMEOUT_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', () => resolve(null))
    child.on('close', (code) => resolve(code === 0 ? Buffer.concat(chunks).toString() : null))
  })
}

/** Loaded when asked for: a short command spends a hundredth of its time on it. */
export function os(): typeof import('node:os') {
  return process.getBuiltinModule('node:os')
}

/** Loaded when something is started, and not by every command that asks for a folder. */
export function childProcess(): typeof import('node:child_process') {
  return process.getBuiltinModule('node:child_process')
}
