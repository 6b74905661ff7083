import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { NODE_VERSION } from '../package/targets.ts'

/** Name of the file, in archives and in the npm package. */
export const LICENSES_FILE = 'THIRD-PARTY-LICENSES'

/**
 * Node's LICENSE, with those of its parts. A copy, because the npm package of Node for Windows contains none; a test
 * compares it with the installed package.
 */
export const NODE_LICENSE = fileURLToPath(new URL(`node-${NODE_VERSION}.txt`, import.meta.url))

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const RULE = '='.repeat(80)

interface Package {
  name: string
  version: string
  license: string
  text: string
}

/**
 * The licences of everything in the program: its own, then those of the packages that contain `inputs` (file names as
 * esbuild prints them), sorted by name, then Node's. Throws for a package without a licence text.
 */
export function licensesOf(inputs: readonly string[]): string {
  const folders = new Set(inputs.flatMap((input) => packageFolder(input) ?? []))
  const packages = [...folders].map(packageIn).sort((a, b) => (a.name < b.name ? -1 : 1))
  const own = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'))
  return [
    section({ ...own, text: readFileSync(`${ROOT}LICENSE`, 'utf8') }),
    ...packages.map(section),
    section({ name: 'Node.js', version: NODE_VERSION, license: 'MIT, and of its parts', text: nodeLicense() }),
  ].join('\n')
}

/** The package folder of a file in node_modules; null for our own files. */
export function packageFolder(input: string): string | null {
  const [, folder] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input) ?? []
  return folder === undefined ? null : path.resolve(ROOT, folder)
}

function packageIn(folder: string): Package {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  const files = readdirSync(folder).filter((file) => /^(\w+-)?(licen[cs]e|copying|notice)\b/i.test(file))
  if (files.length === 0) throw new Error(`${name} ${version} has no licence text (${license})`)
  const text = files.sort().map((file) => readFileSync(path.join(folder, file), 'utf8'))
  return { name, version, license, text: text.join('\n') }
}

const nodeLicense = () => readFileSync(NODE_LICENSE, 'utf8')

function section({ name, version, license, text }: Package): string {
  return `${RULE}\n${name} ${version} (${license})\n${RULE}\n\n${text.replaceAll('\r\n', '\n').trim()}\n`
}
