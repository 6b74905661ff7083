import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { anchorsOf, page, pages } from '../helpers/pages.ts'
import { projectText, ROOT } from '../helpers/sources.ts'
import { refusal, typedIn, typedOn } from '../helpers/typed.ts'

describe('the pages @fast', () => {
  it('have no link that leads nowhere, to a file or a heading', () => {
    const dead = pages().flatMap((from) =>
      [...from.prose.matchAll(/\]\(([^)\s]+)\)|<img [^>]*src="([^"]+)"/g)]
        .map(([, link, image]) => link ?? image ?? '')
        .filter((target) => !/^https?:/.test(target) && !leadsSomewhere(from.path, target))
        .map((target) => `${from.path}: ${target}`),
    )
    expect(dead).to.deep.equal([])
  })

  it('show only commands and options that the program has', async () => {
    const typed = pages()
      .filter(({ path }) => path !== 'CHANGELOG.md')
      .flatMap((one) => typedOn(one).map((typed) => ({ ...typed, path: one.path })))
    expect(typed.length).to.be.above(100)
    const refused: string[] = []
    for (const { line, named, path } of typed) {
      const reason = await refusal(line, named)
      if (reason !== null) refused.push(`${path}: ${line}: ${reason}`)
    }
    expect(refused).to.deep.equal([])
  })

  it('name npm scripts that there are', () => {
    const { scripts } = JSON.parse(projectText('package.json'))
    const named = pages().flatMap(({ path, text }) =>
      [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => ({ path, name })),
    )
    expect(named.filter(({ name }) => !(name in scripts))).to.deep.equal([])
  })

  it('name files and folders of the project that there are', () => {
    const named = pages().flatMap(({ path, prose }) =>
      [...prose.matchAll(/`((?:src|test|build|docs|\.ci|\.github)\/[\w./-]+)`/g)].map(([, name = '']) => ({
        path,
        name,
      })),
    )
    // NAME and GROUP stand for any.
    const concrete = named.filter(({ name }) => !/\b(NAME|GROUP)\b/.test(name))
    expect(concrete.filter(({ name }) => !existsSync(path.join(ROOT, name)))).to.deep.equal([])
  })
})

describe('the check of command lines @fast', () => {
  it('finds them in scripts, and refuses what there is not', async () => {
    expect(
      typedIn("a | queuectl enqueue --id 'x y' -- b && queuectl status # queuectl no\nid=$(queuectl list)"),
    ).to.deep.equal(["queuectl enqueue --id 'x y' -- b ", 'queuectl status', 'queuectl list'])
    expect(await refusal('queuectl worker start --count 2 --drain')).to.equal(null)
    expect(await refusal('queuectl enqueue --queue q -- run --any-option')).to.equal(null)
    for (const wrong of ['queuectl enqeue', 'queuectl list --colour', 'queuectl show', 'queuectl worker go'])
      expect(await refusal(wrong), wrong).to.be.a('string')
  })
})

function leadsSomewhere(from: string, target: string): boolean {
  const [file = '', anchor] = target.split('#')
  const at = file === '' ? from : path.posix.join(path.posix.dirname(from), file)
  if (!existsSync(path.join(ROOT, at))) return false
  return anchor === undefined || anchorsOf(page(at)).has(anchor)
}
