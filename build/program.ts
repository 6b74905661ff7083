import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { licensesOf } from './licenses/licenses.ts'

// The parts of the program as texts: the contents of the npm package and of the executables.

/** The project's folder, with a separator at its end. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Optional packages that the MongoDB driver can do without: compression, a proxy, cloud logins. */
const OPTIONAL = [
  '@aws-sdk/credential-providers',
  '@mongodb-js/zstd',
  'gcp-metadata',
  'kerberos',
  'mongodb-client-encryption',
  'snappy',
  'socks',
]

const SHARED = {
  absWorkingDir: ROOT,
  bundle: true,
  write: false,
  platform: 'node',
  format: 'cjs',
  // Not node26: an older Node must be able to parse the file before it can report that it is too old.
  target: 'es2022',
  // The texts are compiled as scripts, which only have `require`.
  supported: { 'dynamic-import': false },
  // Names are kept: a shorter file starts no faster, and stack traces stay readable.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
  // In CommonJS import.meta is an empty object: code that reads it works from source and fails in the bundle.
  logOverride: { 'empty-import-meta': 'error' },
} satisfies BuildOptions

/**
 * The parts of the program, each as a function of CommonJS's variables: all of src that a command or a supervisor
 * needs, all that a forked worker needs, and mongoose, which a queue in a file never loads, and which the `require` of
 * the others must provide. With them the licences of every package that contributes a file. `target`: the target name
 * that the program reports.
 */
export async function programTexts(
  target: string,
): Promise<Record<'command' | 'worker' | 'mongoose' | 'licenses', string>> {
  const [command, worker, mongoose] = await Promise.all([
    roleText('src/entry/command.ts', target),
    // A worker opens its store and uses none of the tools.
    roleText('src/entry/worker.ts', target, ['*/tools.ts']),
    mongooseText(),
  ])
  const licenses = licensesOf([command, worker, mongoose].flatMap(({ inputs }) => inputs))
  return { command: command.text, worker: worker.text, mongoose: mongoose.text, licenses }
}

/** A text, and the files it was built from. */
interface Bundle {
  text: string
  inputs: string[]
}

/** `without`: files that this role never loads. */
async function roleText(entry: string, target: string, without: readonly string[] = []): Promise<Bundle> {
  const { text, inputs } = await bundleOf({
    entryPoints: [entry],
    external: ['mongoose', '#licenses', ...without],
    define: defines({ QUEUECTL_VERSION: version(), QUEUECTL_COMMIT: commit(), QUEUECTL_TARGET: target }),
    plugins: [leanCommander()],
  })
  return { text: functionOf(leanImports(text)), inputs }
}

/** mongoose with everything it needs, except its driver's optional packages. */
async function mongooseText(): Promise<Bundle> {
  const { text, inputs } = await bundleOf({
    stdin: { contents: "module.exports = require('mongoose')", resolveDir: ROOT },
    external: OPTIONAL,
  })
  return { text: functionOf(text), inputs }
}

function functionOf(text: string): string {
  return `(function(exports,require,module){${text}\n})`
}

/** The text of one bundle; `options` extend the common ones. */
export async function bundled(options: BuildOptions): Promise<string> {
  return (await bundleOf(options)).text
}

async function bundleOf(options: BuildOptions): Promise<Bundle> {
  const { outputFiles = [], metafile } = await build({ ...SHARED, ...options, write: false, metafile: true })
  return { text: outputFiles[0]?.text ?? '', inputs: Object.keys(metafile.inputs) }
}

/** Constants for a bundle, as strings; a null value stays undefined there. */
export function defines(values: Record<string, string | null>): Record<string, string> {
  const entries = Object.entries(values).map(([name, value]) => [name, value ? JSON.stringify(value) : 'undefined'])
  return Object.fromEntries(entries)
}

/** Version of the program. */
export function version(): string {
  return JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')).version
}

/** Commit of the sources; null outside of a git clone. */
export function commit(): string | null {
  const git = spawnSync('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: ROOT, encoding: 'utf8' })
  return git.status === 0 ? git.stdout.trim() : null
}

/**
 * Removes what commander does at its start without use here: it loads node:child_process, for subcommands that are
 * separate programs, and builds a class of Unicode characters, for option names. Per command that costs 7 % and 4 % of
 * Node's own start.
 */
function leanCommander(): Plugin {
  const namespace = 'lean'
  return {
    name: 'lean commander',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^node:child_process$/ }, ({ path, importer }) =>
        /[\\/]commander[\\/]/.test(importer) ? { path, namespace } : undefined,
      )
      onLoad({ filter: /.*/, namespace }, ({ path }) => ({
        contents: `export default { get spawn() { return require('${path}').spawn } }`,
      }))
      onLoad({ filter: /[\\/]commander[\\/]lib[\\/]option\.js$/ }, ({ path }) => ({
        contents: replaced(readFileSync(path, 'utf8'), '/\\p{ID_Continue}\\.\\.\\.[>\\]]$/u', '/\\w\\.\\.\\.[>\\]]$/'),
      }))
    },
  }
}

/**
 * esbuild copies every name of a module that has no default export but is imported by default: Node's own have a
 * hundred.
 */
function leanImports(text: string): string {
  return text.replace(/__toESM\(require\(("node:\w+")\)(?:,1)?\)/g, '({__proto__:require($1),default:require($1)})')
}

function replaced(text: string, part: string, by: string): string {
  if (!text.includes(part)) throw new Error(`a package has changed: it does not contain ${part}`)
  return text.replace(part, () => by)
}
