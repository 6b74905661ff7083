import { childProcess } from '../lib/lazy.ts'

const TIMEOUT_MS = 10_000
const LARGEST_OUTPUT = 64 * 1024 * 1024

/**
 * Runs a system program by its full path and returns its standard output; null when it is missing or fails. Blocks;
 * never throws.
 */
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

/**
 * Makes libraries that call programs by bare names find those of the system, not planted ones in another folder of the
 * PATH or in the current folder. They must start the programs before `start` returns: after that the PATH is restored,
 * for our own children.
 */
export function withSystemPrograms<T>(start: () => T): T {
  const meanwhile = { PATH: systemPath(), NoDefaultCurrentDirectoryInExePath: '1' }
  const before = Object.keys(meanwhile).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, meanwhile)
  try {
    return start()
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

function systemPath(): string {
  if (process.platform !== 'win32') return '/usr/bin:/bin:/usr/sbin:/sbin'
  const folder = `${process.env.SystemRoot || 'C:\\Windows'}\\System32`
  return [folder, `${folder}\\wbem`, `${folder}\\WindowsPowerShell\\v1.0`].join(';')
}
