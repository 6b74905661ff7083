import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'

// Makes dist/queuectl.cjs: the whole program in one CommonJS file, which Node runs and from which an executable can be made.

const ROOT = new URL('..', import.meta.url)
const OUTFILE = fileURLToPath(new URL('dist/queuectl.cjs', ROOT))
const MINIMUM_NODE = 26

const SHARED = {
  absWorkingDir: fileURLToPath(ROOT),
  bundle: true,
  platform: 'node',
  format: 'cjs',
  // Not node26: an older Node must be able to parse the file before it can say that it is too old.
  target: 'es2022',
  // Names stay: a shorter file starts no faster, and a stack trace can be read.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
  // In CommonJS import.meta is an empty object: what reads it works from the sources and fails in the bundle.
  logOverride: { 'empty-import-meta': 'error' },
} satisfies BuildOptions

await bundle()
if (!process.argv.includes('--quiet')) {
  console.log(`dist/queuectl.cjs  ${(statSync(OUTFILE).size / 1024).toFixed(0)} KiB`)
}

async function bundle(): Promise<void> {
  const program = `(function(exports,require,module){${await programText()}\n})`
  const digest = createHash('sha256').update(program).digest('hex').slice(0, 12)
  await build({
    ...SHARED,
    entryPoints: ['build/launch.ts'],
    outfile: OUTFILE,
    define: defines({ PROGRAM: program, PROGRAM_DIGEST: digest }),
    banner: { js: `#!/usr/bin/env node\n${refuseOldNode(MINIMUM_NODE)}` },
  })
  chmodSync(OUTFILE, 0o755)
}

/** All of src, and what it needs from packages. */
async function programText(): Promise<string> {
  const { version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'))
  const { outputFiles } = await build({
    ...SHARED,
    entryPoints: ['src/main.ts'],
    write: false,
    define: defines({ QUEUECTL_VERSION: version, QUEUECTL_COMMIT: commit() }),
    plugins: [lazyChildProcess()],
  })
  return outputFiles[0]?.text ?? ''
}

/** ES3 on purpose: any Node that can read the file at all must get this far. */
function refuseOldNode(minimum: number): string {
  return (
    `if(parseInt(process.versions.node,10)<${minimum}){` +
    `process.stderr.write("queuectl: needs Node ${minimum} or newer, this is Node "+process.versions.node+"\\n");` +
    'process.exit(78)}'
  )
}

/**
 * commander imports node:child_process for a feature that is not used here (subcommands that are programs of their own), which
 * costs each command about a tenth of Node's own start.
 */
function lazyChildProcess(): Plugin {
  const namespace = 'lazy'
  return {
    name: 'lazy child_process',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^node:child_process$/ }, ({ path, importer }) =>
        /[\\/]commander[\\/]/.test(importer) ? { path, namespace } : undefined,
      )
      onLoad({ filter: /.*/, namespace }, ({ path }) => ({
        contents: `export default { get spawn() { return require('${path}').spawn } }`,
      }))
    },
  }
}

/** Constants put into a bundle as strings; what is null stays undefined there. */
function defines(values: Record<string, string | null>): Record<string, string> {
  const entries = Object.entries(values).map(([name, value]) => [name, value ? JSON.stringify(value) : 'undefined'])
  return Object.fromEntries(entries)
}

/** Commit of the sources; null outside of a git clone. */
function commit(): string | null {
  const git = spawnSync('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: ROOT, encoding: 'utf8' })
  return git.status === 0 ? git.stdout.trim() : null
}
