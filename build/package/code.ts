import { mkdtempSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isHost, type Target } from './targets.ts'
import { exists, run } from './tools.ts'

const RECORD = fileURLToPath(new URL('record.ts', import.meta.url))
/** Debian's qemu-user-static with its libraries for arm64: libc6-arm64-cross and libstdc++6-arm64-cross. */
const QEMU = ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu']

/** The commands whose compiled code an executable contains; all others use that of `list`, stored without a name. */
const COMMANDS: Record<string, readonly string[]> = {
  '--version': ['--version'],
  '--help': ['--help'],
  enqueue: ['enqueue', '--', 'true'],
  status: ['status'],
  '': ['list'],
}

/**
 * Node options inside an executable. Without this one a short command spends 2 ms of 27 on threads that wait for work.
 * V8 ignores code that was compiled under other flags. The space for new objects is not enlarged: short commands need
 * no collection, and commands that wait for long would fill it, 3 MB each.
 */
export const NODE_FLAGS = ['--v8-pool-size=1']

/**
 * What V8 compiles of the program for each command, and of mongoose when it is loaded, by asset name. Null where this
 * machine cannot run the target's Node, natively or under qemu: code of another architecture would be useless.
 */
export function compiledCode(
  target: Target,
  node: string,
  texts: { command: string; mongoose: string },
): Record<string, string> | null {
  const runner = runnerOf(target, node)
  if (runner === null) return null
  const home = mkdtempSync(`${texts.command}.home-`)
  try {
    const commands = Object.entries(COMMANDS).map(([name, args]) => {
      const file = `${texts.command}.${name || 'default'}`
      return [`code/command${name && `-${name}`}`, recorded(runner, texts.command, file, args, home)]
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

/** Records what V8 compiles of `text` in one run; every run yields the same bytes. */
function recorded(
  [file = '', ...before]: string[],
  text: string,
  output: string,
  args: readonly string[],
  home: string,
) {
  const env = { PATH: process.env.PATH, QUEUECTL_HOME: home }
  run(file, [...before, '--random-seed=1', ...NODE_FLAGS, RECORD, text, output, ...args], { env, cwd: home })
  return output
}
