import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface SourceFile {
  /** Relative to the project's folder, with `/`: `src/domain/job.ts`. */
  path: string
  text: string
  /** `text` without comments. */
  code: string
  /** Its imports: project files written like `path`, others as in the file. */
  imports: { target: string; type_only: boolean; dynamic: boolean }[]
}

/** All TypeScript files under `folder` (relative to the project's folder). */
export function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(`${folder}/${name.replaceAll(path.sep, '/')}`))
    .sort((a, b) => a.path.localeCompare(b.path))
}

/** The text of a file of the project. */
export function projectText(name: string): string {
  return readFileSync(path.join(ROOT, name), 'utf8')
}

const IMPORT =
  /^\s*(?:import|export)\s+(type\s)?[^'"`;]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm
const COMMENT = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm

function read(file: string): SourceFile {
  const text = projectText(file)
  const code = text.replace(COMMENT, '')
  const imports = [...code.matchAll(IMPORT)].map(([, type, from, bare, dynamic]) => ({
    target: resolve(file, from ?? bare ?? dynamic ?? ''),
    type_only: type !== undefined,
    dynamic: dynamic !== undefined,
  }))
  return { path: file, text, code, imports }
}

function resolve(from: string, target: string): string {
  return target.startsWith('.') ? path.posix.join(path.posix.dirname(from), target) : target
}
