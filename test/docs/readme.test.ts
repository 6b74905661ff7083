import { expect } from 'chai'
import { COMMANDS } from '../../build/session-svg.ts'
import { page } from '../helpers/pages.ts'
import { projectText } from '../helpers/sources.ts'
import { refusal, typedIn } from '../helpers/typed.ts'

describe('the README @fast', () => {
  const { text, blocks } = page('README.md')

  it('is one short page: at most 200 lines and 12 kB', () => {
    expect(text.split('\n').length).to.be.at.most(200)
    expect(Buffer.byteLength(text)).to.be.at.most(12_000)
  })

  it('says early what surprises', () => {
    const early = text.slice(0, text.indexOf('\n## '))
    for (const word of ['/bin/sh', 'environment of the supervisor', 'docker stop -t 35']) expect(early).to.contain(word)
  })

  it('has no command with a word to replace, or an address', () => {
    for (const { text } of blocks) expect(text).to.not.match(/https?:|OWNER|REPOSITORY|git clone/)
  })

  it('shows a session that can be typed today', async () => {
    const picture = projectText('docs/session.svg').replaceAll('&amp;', '&')
    for (const command of COMMANDS) {
      expect(picture).to.contain(`>${command}</text>`)
      for (const typed of typedIn(command)) expect(await refusal(typed), typed).to.equal(null)
    }
    expect(picture.match(/>\$<\/text>/g)).to.have.length(COMMANDS.length)
  })

  it('goes into the npm package with all that it links to', () => {
    const { files }: { files: string[] } = JSON.parse(projectText('package.json'))
    const linked = [...text.matchAll(/\]\(([^)#]+)[^)]*\)|src="([^"]+)"/g)].map(
      ([, link, image]) => link ?? image ?? '',
    )
    const local = linked.filter((target) => !/^https:/.test(target))
    expect(local.filter((target) => !files.some((file) => covers(file, target)))).to.deep.equal([])
  })
})

/** Whether an entry of `files` takes `target` in; those here are names, folders, and `*.md`. */
function covers(file: string, target: string): boolean {
  if (!file.endsWith('*.md')) return target === file || target.startsWith(`${file}/`)
  const folder = file.slice(0, -'*.md'.length)
  return target.startsWith(folder) && !target.slice(folder.length).includes('/') && target.endsWith('.md')
}
