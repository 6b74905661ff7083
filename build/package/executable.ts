import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { log } from '@yao-pkg/pkg/lib-es5/log.js'
import sea from '@yao-pkg/pkg/lib-es5/sea.js'
import { NODE_FLAGS } from './code.ts'
import { NODE_VERSION, type Target } from './targets.ts'

/**
 * Writes `output`, a single file with a Node binary, the launcher and its assets (names and files), by pkg; `work` is
 * this build's own folder with the launcher. pkg's command line would insert its own prelude before the program, which
 * patches child_process: only this function of pkg does not.
 */
export async function makeExecutable(
  target: Target,
  output: string,
  { work, node, launcher, assets }: { work: string; node: string; launcher: string; assets: Record<string, string> },
): Promise<void> {
  log.info = () => {}
  seed(target, node, work)
  const seaConfig = {
    // Relative to pkg's own folder in `work`: the path becomes part of the executable, and must not reveal where it was
    // built.
    main: `../${path.basename(launcher)}`,
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: false,
    assets,
    execArgv: NODE_FLAGS,
    // NODE_OPTIONS applies to the jobs, not to the program.
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

/** pkg searches the user's home for Node before it downloads one: it finds the checked one there. */
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
