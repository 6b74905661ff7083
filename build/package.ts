import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { LICENSES_FILE } from './licenses/licenses.ts'
import { type Entry, tarXz, zip } from './package/archive.ts'
import { compiledCode } from './package/code.ts'
import { makeExecutable } from './package/executable.ts'
import { withoutLibatomic } from './package/libatomic.ts'
import { nodeBinary } from './package/node.ts'
import { sbom } from './package/sbom.ts'
import { sign } from './package/sign.ts'
import { strip } from './package/strip.ts'
import { executableName, NODE_VERSION, TARGETS, type Target } from './package/targets.ts'
import { CACHE, sourceTime } from './package/tools.ts'
import { brand } from './package/windows.ts'
import { bundled, programTexts, ROOT, version } from './program.ts'

// Builds the executables, each a single file, for all systems on any of them, and the files published with them. `npm
// run package -- [--target NAME]… [--no-build] [--no-archive] [--no-publish] [--output FOLDER]`; --no-build: use the
// existing executables; --no-publish: without checksums and bill of materials.

const { values } = parseArgs({
  allowNegative: true,
  options: {
    target: { type: 'string', multiple: true, default: TARGETS.map(({ name }) => name) },
    build: { type: 'boolean', default: true },
    archive: { type: 'boolean', default: true },
    publish: { type: 'boolean', default: true },
    output: { type: 'string', default: `${ROOT}dist` },
  },
})
if (process.version !== `v${NODE_VERSION}`)
  throw new Error(`requires Node ${NODE_VERSION}: run it by "npm run package"`)
const targets = values.target.map(targetOf)
const dist = path.resolve(values.output)
const time = sourceTime()
mkdirSync(dist, { recursive: true })

const [only] = targets
if (only && targets.length === 1) await make(only)
else await inParallel(targets.map((target) => () => makeApart(target)))
if (values.publish) publish()

async function make(target: Target): Promise<void> {
  if (values.build) await build(target)
  if (values.archive) archive(target)
}

/** Builds a target in its own process: pkg finds its files through the environment, and a process has only one. */
async function makeApart({ name }: Target): Promise<void> {
  const flags = (['build', 'archive'] as const).filter((flag) => !values[flag]).map((flag) => `--no-${flag}`)
  const args = [fileURLToPath(import.meta.url), '--target', name, ...flags, '--no-publish', '--output', dist]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${name} was not built`)
}

/** Runs as many jobs at a time as there are processors. */
async function inParallel(jobs: (() => Promise<void>)[]): Promise<void> {
  const next = async (): Promise<void> => {
    const job = jobs.shift()
    if (job === undefined) return
    await job()
    return next()
  }
  await Promise.all(Array.from({ length: availableParallelism() }, next))
}

/** Writes the bill of materials, and the checksums of all files of these targets. */
function publish(): void {
  const bill = 'queuectl.cdx.json'
  writeFileSync(path.join(dist, bill), sbom(targets, time))
  const archives = targets.map(archiveName).filter((name) => existsSync(path.join(dist, name)))
  const files = [...targets.map(executableName), ...archives, bill]
  const sums = files.map((name) => `${sha256(path.join(dist, name))}  ${name}\n`)
  writeFileSync(path.join(dist, 'SHA256SUMS'), sums.join(''))
}

async function build(target: Target): Promise<void> {
  const began = performance.now()
  const name = executableName(target)
  const file = path.join(dist, name)
  const work = mkdtempSync(path.join(CACHE, 'build-'))
  const notes: string[] = []
  try {
    const node = nodeBinary(target, work)
    if (target.platform === 'linux') {
      withoutLibatomic(node, target)
      strip(node)
    }
    if (target.platform === 'win') brand(node, version())
    const texts = await writeTexts(target, work)
    const code = compiledCode(target, node, texts)
    notes.push(code ? 'with compiled code' : 'no compiled code: this machine cannot run its Node')
    // An existing archive contains an earlier build.
    for (const old of [file, path.join(dist, archiveName(target))]) rmSync(old, { force: true })
    const launcher = path.join(work, 'launcher.cjs')
    writeFileSync(launcher, await bundled({ entryPoints: ['build/package/launcher.ts'] }))
    await makeExecutable(target, file, { work, node, launcher, assets: { ...texts, ...code } })
    sign(file, target)
    if (target.platform === 'macos') notes.push('signed ad hoc')
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  tell(name, began, notes)
}

/** Writes the texts of the program to files in `folder`. */
async function writeTexts(target: Target, folder: string) {
  const write = (name: string, text: string) => {
    const file = path.join(folder, name)
    writeFileSync(file, text)
    return file
  }
  const { command, worker, mongoose, licenses } = await programTexts(target.name)
  publishLicenses(licenses)
  return {
    command: write('command', command),
    worker: write('worker', worker),
    mongoose: write('mongoose', mongoose),
    licenses: write('licenses', licenses),
  }
}

/**
 * Writes the licences for the archives. Atomic, because the builds of other targets write the same file at the same
 * time.
 */
function publishLicenses(text: string): void {
  const temporary = path.join(dist, `${LICENSES_FILE}.${process.pid}`)
  writeFileSync(temporary, text)
  renameSync(temporary, path.join(dist, LICENSES_FILE))
}

function archive(target: Target): void {
  const began = performance.now()
  const windows = target.platform === 'win'
  const name = archiveName(target)
  const entries: Entry[] = [
    { name: windows ? 'queuectl.exe' : 'queuectl', file: path.join(dist, executableName(target)), executable: true },
    ...['README.md', 'LICENSE'].map((name) => ({ name, file: `${ROOT}${name}`, executable: false })),
    { name: LICENSES_FILE, file: path.join(dist, LICENSES_FILE), executable: false },
  ]
  const write = windows ? zip : tarXz
  write(path.join(dist, name), entries, time)
  tell(name, began)
}

function archiveName({ name, platform }: Target): string {
  return `queuectl-${name}.${platform === 'win' ? 'zip' : 'tar.xz'}`
}

function tell(name: string, began: number, notes: readonly string[] = []): void {
  const size = (statSync(path.join(dist, name)).size / 1e6).toFixed(1)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`${name.padEnd(28)} ${size.padStart(6)} MB ${seconds.padStart(6)} s  ${notes.join('; ')}`.trimEnd())
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

function targetOf(name: string): Target {
  const target = TARGETS.find((one) => one.name === name)
  if (target) return target
  throw new Error(`unknown target "${name}"; targets: ${TARGETS.map((one) => one.name).join(', ')}`)
}
