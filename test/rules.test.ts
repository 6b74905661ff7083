import { expect } from 'chai'
import { projectText, type SourceFile, sourceFiles } from './helpers/sources.ts'

// Rules for the structure of the program, checked in the sources.

const SRC = sourceFiles('src')

/** The rooms that each room may import from, besides itself, Node and packages. */
const ROOMS: Record<string, readonly string[]> = {
  domain: [],
  lib: ['domain'],
  store: ['domain', 'lib'],
  platform: ['domain', 'lib'],
  logs: ['domain', 'lib', 'store', 'platform'],
  runs: ['domain', 'lib'],
  views: ['domain', 'lib', 'store', 'platform', 'logs'],
  worker: ['domain', 'lib', 'store', 'platform', 'logs', 'runs'],
  supervisor: ['domain', 'lib', 'store', 'platform', 'logs', 'runs'],
  operator: ['domain', 'lib', 'store', 'platform', 'runs', 'supervisor'],
  doctor: ['domain', 'lib', 'store', 'platform', 'logs', 'runs', 'views'],
  cli: ['domain', 'lib', 'store', 'platform', 'logs', 'views', 'supervisor', 'operator', 'doctor'],
  entry: ['cli', 'platform', 'worker'],
}

/**
 * Rooms from which only types may be imported: the messages between supervisors and workers, which only a worker sends.
 */
const TYPES: Record<string, readonly string[]> = { supervisor: ['worker'], cli: ['worker'] }

/**
 * One thing that stands in several rooms under one name, by what it is. Besides: the adapters' twins, a command's declaration and body, and
 * a topic of `help`, which is named as it is typed.
 */
const SAME_THING: Record<string, string> = {
  audit: 'the command, and its rules in domain',
  backup: 'the command, and what the adapter does',
  restore: 'the command, and what the adapter does',
  list: 'the command, and the adapters’ query',
  errors: 'domain’s errors, and what adapters make of a database’s own',
  examine: 'doctor’s examination, and the adapters’ part of it',
  history: 'domain’s run history, and the adapters’ read of it',
  main: 'the program’s first file, and the command line’s',
  worker: 'the group of commands, the process’s entry, and the worker itself',
}

describe('the structure of the program @fast', () => {
  it('follows the allowed imports between rooms', () => {
    expect(broken((file, target, type_only) => !mayImport(file, target, type_only))).to.deep.equal([])
  })

  it('has a domain that imports nothing, not even Node', () => {
    const outside = SRC.filter((file) => partOf(file.path) === 'domain').flatMap((file) =>
      file.imports
        .filter(({ target }) => !target.startsWith('src/domain/'))
        .map(({ target }) => `${file.path} → ${target}`),
    )
    expect(outside).to.deep.equal([])
  })

  it('imports store adapters only in store/open, and on demand', () => {
    const adapter = /^src\/store\/[^/]+\//
    const direct = SRC.flatMap((file) =>
      file.imports
        .filter(({ target }) => adapter.test(target) && !file.path.startsWith(adapter.exec(target)?.[0] ?? '?'))
        .filter(({ dynamic, type_only }) => file.path !== 'src/store/open.ts' || !(dynamic || type_only))
        .map(({ target }) => `${file.path} → ${target}`),
    )
    expect(direct).to.deep.equal([])
  })

  it('gives no two files of different meaning one name', () => {
    const meaning = (path: string) =>
      path.replace(/^src\/store\/\w+\//, 'adapter/').replace(/^src\/cli\/\w+\//, 'command/')
    const places = new Map<string, Set<string>>()
    for (const { path } of SRC) {
      const name = path.replace(/^.*\/|\.ts$/g, '')
      if (!path.startsWith('src/cli/help/')) places.set(name, (places.get(name) ?? new Set()).add(meaning(path)))
    }
    const shared = [...places].filter(([, meanings]) => meanings.size > 1).map(([name]) => name)
    expect(shared.sort()).to.deep.equal(Object.keys(SAME_THING).sort())
  })

  it('has no circular imports', () => {
    expect(circles(SRC)).to.deep.equal([])
  })

  it('checks the platform only in src/platform', () => {
    expect(filesWith(/process\.platform|os\.platform\(|\bplatform\(\)/, /^src\/platform\//)).to.deep.equal([])
  })

  it('sends signals from one guarded function (S16)', () => {
    const callers = SRC.filter((file) => /process\.kill\b/.test(file.code))
    expect(callers.map((file) => file.path)).to.have.length(1)
    expect(callers[0]?.path).to.match(/^src\/platform\//)
    expect(callers[0]?.code.match(/process\.kill\b/g)).to.have.length(1)
    expect(filesWith(/from 'tree-kill'|import\('tree-kill'\)/, /^src\/platform\//)).to.deep.equal([])
  })

  it('starts no command through exec() or shell: true (S19)', () => {
    expect(
      filesWith(/shell:\s*true|\b(?:child_?process|childProcess)\.exec\w*\(|import \{[^}]*\bexec\b/i),
    ).to.deep.equal([])
  })

  it('has each command in two files, declaration and body, and one line in the table', () => {
    const declarations = SRC.filter(({ path }) => /^src\/cli\/commands\/(?!commands\.ts)/.test(path))
    const tables = SRC.filter(({ path }) => /^src\/cli\/commands\/(commands|worker)\.ts$/.test(path))
    const listed = tables.flatMap(({ imports }) => imports.filter(({ dynamic }) => dynamic))
    expect(listed.map(({ target }) => target).sort()).to.deep.equal(declarations.map(({ path }) => path).sort())
    const bodiless = declarations.filter(({ path, imports }) => {
      const name = path.split('/').at(-1)
      return name !== 'worker.ts' && !imports.some(({ target, dynamic }) => dynamic && target.endsWith(`/${name}`))
    })
    expect(bodiless.map(({ path }) => path)).to.deep.equal([])
  })

  it('has SQL only in store/sqlite', () => {
    const sql =
      /\bselect\s[^'`]*\sfrom\s|\binsert into\b|\bdelete from\b|\bupdate \w+ set\b|\bcreate table\b|'node:sqlite'/i
    expect(filesWith(sql, /^src\/store\/sqlite\//)).to.deep.equal([])
  })
})

describe('the sources @fast', () => {
  // `npm run check` warns from 250 lines on.
  it('are short files: median under 100 lines, none over 350', () => {
    const lines = SRC.map((file) => ({ path: file.path, lines: file.text.split('\n').length - 1 }))
    expect(lines.filter((file) => file.lines > 350)).to.deep.equal([])
    const sorted = lines.map((file) => file.lines).sort((a, b) => a - b)
    expect(sorted[Math.floor(sorted.length / 2)]).to.be.below(100)
  })

  it('document each exported function', () => {
    expect(SRC.flatMap(undocumented)).to.deep.equal([])
  })
})

describe('the project @fast', () => {
  const manifest = JSON.parse(projectText('package.json'))
  const lock = JSON.parse(projectText('package-lock.json'))

  it('pins every package exactly (S21)', () => {
    const ranges = Object.entries<string>({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(ranges.filter(([, range]) => !/^\d+\.\d+\.\d+$/.test(range))).to.deep.equal([])
  })

  it('runs no install script of a package, except that of the development Node (S21)', () => {
    const named = Object.entries<{ hasInstallScript?: boolean }>(lock.packages).flatMap(([name, entry]) =>
      entry.hasInstallScript ? name.replace(/^.*node_modules\//, '') : [],
    )
    expect(named.filter((name) => manifest.allowScripts[name] === undefined)).to.deep.equal([])
    expect(Object.keys(manifest.allowScripts).filter((name) => manifest.allowScripts[name])).to.deep.equal(['node'])
    expect(manifest.dependencies).to.not.have.any.keys(...named)
    expect(Object.keys(manifest.scripts).filter((name) => /^(pre|post)?install$|^prepare$/.test(name))).to.deep.equal(
      [],
    )
  })

  it('installs only from its lock file, with a digest of each package (S21)', () => {
    const unproved = Object.entries<{ integrity?: string; link?: boolean }>(lock.packages).filter(
      ([name, { integrity }]) => name !== '' && !integrity?.startsWith('sha512-'),
    )
    expect(unproved).to.deep.equal([])
    const ways = ['.ci/run', '.github/workflows/ci.yml', '.github/workflows/release.yml'].map(projectText)
    for (const way of ways)
      expect(way)
        .to.match(/npm ci/)
        .and.to.not.match(/npm (install|i|add|update)\b|npx /)
  })

  it('has a lock file that names no registry, so that any mirror serves it', () => {
    expect(projectText('package-lock.json')).to.not.match(/"resolved"|https?:\/\/registry/)
  })
})

function partOf(path: string): string {
  return /^src\/(\w+)\//.exec(path)?.[1] ?? 'main'
}

function mayImport(file: SourceFile, target: string, type_only: boolean): boolean {
  const part = partOf(file.path)
  if (!target.startsWith('src/') || part === 'main' || part === partOf(target)) return true
  const rooms = [...(ROOMS[part] ?? []), ...(type_only ? (TYPES[part] ?? []) : [])]
  return rooms.includes(partOf(target))
}

function broken(wrong: (file: SourceFile, target: string, type_only: boolean) => boolean): string[] {
  return SRC.flatMap((file) =>
    file.imports
      .filter(({ target, type_only }) => wrong(file, target, type_only))
      .map(({ target }) => `${file.path} → ${target}`),
  )
}

function filesWith(pattern: RegExp, except = /^$/): string[] {
  return SRC.filter((file) => !except.test(file.path) && pattern.test(file.code)).map((file) => file.path)
}

/** Exported functions without a doc comment right above them. */
function undocumented(file: SourceFile): string[] {
  const exported =
    /^export (?:async )?(?:function\*? (\w+)|const (\w+)(?::[^=\n]+)? = (?:async )?(?:<[^\n]*>)?(?:\(|\w+ =>))/gm
  return [...file.text.matchAll(exported)]
    .filter((match) => !/\*\/\n$/.test(file.text.slice(0, match.index)))
    .map((match) => `${file.path}: ${match[1] ?? match[2]}`)
}

/** Circles among imports that are resolved at load time (no types, no dynamic imports). */
function circles(files: readonly SourceFile[]): string[] {
  const graph = new Map(files.map((file) => [file.path, file.imports.filter((i) => !i.type_only && !i.dynamic)]))
  const found: string[] = []
  const finished = new Set<string>()
  const visit = (path: string, trail: string[]) => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
    else if (!finished.has(path)) for (const next of graph.get(path) ?? []) visit(next.target, [...trail, path])
    finished.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  return found
}
