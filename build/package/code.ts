import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isHost, type Target } from './targets.ts'
import { exists, run } from './tools.ts'

const RECORD = fileURLToPath(new URL('record.ts', import.meta.url))
/** Debian's qemu-user-static with its libraries for arm64: libc6-arm64-cross and libstdc++6-arm64-cross. */
const QEMU = ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu']
const TRIES = 12

/** The commands whose compiled code an executable carries; all others get that of `list`, which stands under no name. */
const COMMANDS: Record<string, readonly string[]> = {
  '--version': ['--version'],
  '--help': ['--help'],
  enqueue: ['enqueue', '--', 'true'],
  status: ['status'],
  '': ['list'],
}

/**
 * What Node is told in an executable. Without the first a short command spends 2 ms of 47 on a collection of new objects; without the
 * second 2 ms of 27 on threads that wait for work until it ends. Code that was compiled under other flags of V8 would be left aside.
 */
export const NODE_FLAGS = ['--min-semi-space-size=4', '--v8-pool-size=1']

/**
 * What V8 compiles of the program for each command, and of mongoose at its load, by the names of the assets. Null where the target's
 * Node does not run here, itself or under qemu: code of another architecture would be of no use.
 */
export function compiledCode(
  target: Target,
  node: string,
  texts: { program: string; mongoose: string },
): Record<string, string> | null {
  const runner = runnerOf(target, node)
  if (runner === null) return null
  const home = mkdtempSync(`${texts.program}.home-`)
  try {
    const commands = Object.entries(COMMANDS).map(([name, args]) => {
      const file = `${texts.program}.${name || 'default'}`
      return [`code/${name}`, recorded(runner, texts.program, file, args, home)]
    })
    const mongoose = recorded(runner, texts.mongoose, `${texts.mongoose}.code`, [], home)
    return Object.fromEntries([...commands, ['code/mongoose', mongoose]])
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

function runnerOf(target: Target, node: string): string[] | null {
  if (isHost(target)) return [node]
  if (target.name !== 'linux-arm64') return null
  const [qemu = '', ...options] = QEMU
  return exists(qemu, [...options, node, '--version']) ? [qemu, ...options, node] : null
}

/**
 * Records until the same bytes have come out twice: with a fixed seed most runs agree, one in eight differs by the order of a few
 * entries, each in its own way.
 */
function recorded(
  [file = '', ...before]: string[],
  text: string,
  output: string,
  args: readonly string[],
  home: string,
) {
  const seen = new Set<string>()
  const env = { PATH: process.env.PATH, QUEUECTL_HOME: home }
  for (let tries = 0; tries < TRIES; tries++) {
    run(file, [...before, '--random-seed=1', ...NODE_FLAGS, RECORD, text, output, ...args], { env, cwd: home })
    const digest = createHash('sha256').update(readFileSync(output)).digest('hex')
    if (seen.has(digest)) break
    seen.add(digest)
  }
  return output
}
