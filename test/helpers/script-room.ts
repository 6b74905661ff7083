import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { livingWith } from './processes.ts'
import { cleanEnvironment, collect, type Ended, program } from './queuectl.ts'
import { ROOT } from './sources.ts'
import { tempFolder } from './temp.ts'
import { waitFor } from './wait-for.ts'

/** A folder in which scripts for sh find `queuectl` on their PATH, with an embedded queue of their own. */
export interface ScriptRoom {
  folder: string
  /** Runs a script to its end, in the folder. */
  run(script: string): Promise<Ended>
  /** Runs a script, sends it SIGTERM once `ready` is in its stdout, and waits for its end. */
  terminate(script: string, ready: string): Promise<Ended>
  /** A command for the scripts: the body of a script for sh. */
  command(name: string, body: string): void
  /** Ends the workers that the scripts left in the background. Throws when a process is left then. */
  close(): Promise<void>
}

/** A script that hangs would hang the tests with it. */
const AT_MOST_MS = 60_000

/** Opens such a room; `close` it. */
export function scriptRoom(): ScriptRoom {
  const home = tempFolder()
  const folder = path.join(home, 'work')
  const bin = path.join(home, 'bin')
  for (const each of [folder, bin]) mkdirSync(each)
  const command = (name: string, body: string) => {
    writeFileSync(path.join(bin, name), `#!/bin/sh\n${body}\n`)
    chmodSync(path.join(bin, name), 0o755)
  }
  command('queuectl', `exec ${installed().map(quoted).join(' ')} "$@"`)
  const env = {
    ...cleanEnvironment(),
    PATH: [bin, path.dirname(process.execPath), process.env.PATH].join(path.delimiter),
    QUEUECTL_HOME: home,
  }
  const start = (script: string) => {
    const child = spawn('/bin/sh', ['-eu', '-c', script], { cwd: folder, env, timeout: AT_MOST_MS })
    child.stdin.end()
    return child
  }
  const run = (script: string) => collect(start(script))
  const left = () => livingWith((environment) => environment.includes(`QUEUECTL_HOME=${home}`))
  return {
    folder,
    run,
    command,
    async terminate(script, ready) {
      const child = start(script)
      let shown = ''
      child.stdout.on('data', (chunk) => {
        shown += chunk
      })
      const ended = collect(child)
      await waitFor(() => shown.includes(ready), {
        within: 30_000,
        what: () => Promise.resolve(`${ready} in ${shown}`),
      })
      child.kill('SIGTERM')
      return ended
    },
    async close() {
      if (left().length > 0) await run('queuectl worker stop --force')
      await waitFor(() => left().length === 0, { within: 1_000, what: `no process is left of ${home}` })
    },
  }
}

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`

let bundle: string | null = null

/** The program that QUEUECTL_TEST_BIN names, or the bundle: scripts are run as users run them, and its commands start in half the time. */
function installed(): string[] {
  if (process.env.QUEUECTL_TEST_BIN) return program()
  if (bundle === null) {
    bundle = path.join(tempFolder(), 'queuectl.cjs')
    execFileSync(process.execPath, [path.join(ROOT, 'build/bundle.ts'), '--quiet', path.dirname(bundle)])
  }
  return [process.execPath, bundle]
}
