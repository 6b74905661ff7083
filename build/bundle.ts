import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

// Makes dist/queuectl.cjs: the whole program in one CommonJS file, which Node runs and from which an executable can be made.

const ROOT = new URL('..', import.meta.url)
const OUTFILE = fileURLToPath(new URL('dist/queuectl.cjs', ROOT))
const MINIMUM_NODE = 26

await bundle()
if (!process.argv.includes('--quiet')) {
  console.log(`dist/queuectl.cjs  ${(statSync(OUTFILE).size / 1024).toFixed(0)} KiB`)
}

async function bundle(): Promise<void> {
  const { version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'))
  await build({
    absWorkingDir: fileURLToPath(ROOT),
    entryPoints: ['src/main.ts'],
    outfile: OUTFILE,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    // Not node26: an older Node must be able to parse the file before it can say that it is too old.
    target: 'es2022',
    // Names stay: they cost nothing at start-up, and a stack trace can be read.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    charset: 'utf8',
    define: defines({ QUEUECTL_VERSION: version, QUEUECTL_COMMIT: commit() }),
    banner: { js: `#!/usr/bin/env node\n${refuseOldNode(MINIMUM_NODE)}` },
    plugins: [lazyChildProcess()],
    logLevel: 'warning',
    // In CommonJS import.meta is an empty object: what reads it works from the sources and fails in the bundle.
    logOverride: { 'empty-import-meta': 'error' },
  })
  chmodSync(OUTFILE, 0o755)
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

/** Constants put into the bundle as strings; what is null stays undefined there. */
function defines(values: Record<string, string | null>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value ? JSON.stringify(value) : 'undefined']),
  )
}

/** Commit of the sources; null outside of a git clone. */
function commit(): string | null {
  const git = spawnSync('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: ROOT, encoding: 'utf8' })
  return git.status === 0 ? git.stdout.trim() : null
}
