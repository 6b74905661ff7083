import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { log } from '@yao-pkg/pkg/lib-es5/log.js'
import sea from '@yao-pkg/pkg/lib-es5/sea.js'
import { NODE_FLAGS } from './code.ts'
import { NODE_VERSION, type Target } from './targets.ts'

/**
 * Makes `output`, one file of a Node binary, the launcher and its assets (names and files), by pkg; `work` is a folder of this build's
 * own, where the launcher lies. pkg's command line would put a prelude of its own before the program, which patches child_process:
 * only this function of it does not.
 */
export async function makeExecutable(
  target: Target,
  output: string,
  { work, node, launcher, assets }: { work: string; node: string; launcher: string; assets: Record<string, string> },
): Promise<void> {
  log.info = () => {}
  seed(target, node, work)
  const seaConfig = {
    // As seen from pkg's own folder in `work`: the path becomes a part of the executable, and must not tell where it was built.
    main: `../${path.basename(launcher)}`,
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: false,
    assets,
    execArgv: NODE_FLAGS,
    // NODE_OPTIONS is for the jobs.
    execArgvExtension: 'none',
  }
  const { platform, arch } = target
  const targets = [{ platform, arch, nodeRange: `node${NODE_VERSION}`, output }]
  await within(work, () => sea.default(launcher, { seaConfig, targets }))
}

/** Runs `job` with `folder` as home and for temporary files. */
async function within(folder: string, job: () => Promise<void>): Promise<void> {
  const names = ['HOME', 'USERPROFILE', 'TMPDIR', 'TMP', 'TEMP']
  const before = names.map((name) => process.env[name])
  for (const name of names) process.env[name] = folder
  try {
    await job()
  } finally {
    for (const [i, name] of names.entries()) {
      if (before[i] === undefined) delete process.env[name]
      else process.env[name] = before[i]
    }
  }
}

/** pkg looks for Node below the user's home before it downloads one: it finds the one that has been checked. */
function seed({ platform, arch }: Target, node: string, home: string): void {
  const windows = platform === 'win'
  const name = `node-v${NODE_VERSION}-${{ linux: 'linux', macos: 'darwin', win: 'win' }[platform]}-${arch}`
  const folder = path.join(home, '.pkg-cache', 'sea')
  const binary = path.join(folder, windows ? `${name}.exe` : `${name}/bin/node`)
  mkdirSync(path.dirname(binary), { recursive: true })
  renameSync(node, binary)
  const archive = path.join(folder, `${name}.${windows ? 'zip' : 'tar.gz'}`)
  for (const file of [archive, `${archive}.ok`, `${binary}.ok`]) writeFileSync(file, '')
}
