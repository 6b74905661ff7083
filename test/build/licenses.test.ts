import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { build } from 'esbuild'
import { LICENSES_FILE, licensesOf, NODE_LICENSE, packageFolder } from '../../build/licenses/licenses.ts'
import { programTexts } from '../../build/program.ts'
import { queuectl } from '../helpers/queuectl.ts'
import { skip } from '../helpers/skip.ts'
import { projectText, ROOT } from '../helpers/sources.ts'
import { tempFolder } from '../helpers/temp.ts'

describe('the licences', function () {
  this.timeout(90_000)
  let text: string
  before(async () => {
    text = (await programTexts('node')).licenses
  })

  it('begin with the program’s own and end with those of the built-in Node version', () => {
    expect(text).to.match(/^=+\nqueuectl [\d.]+ \(MIT\)\n=+\n\n/)
    expect(text).to.contain(projectText('LICENSE').trim())
    expect(text.endsWith(`${readFileSync(NODE_LICENSE, 'utf8').trim()}\n`)).to.equal(true)
    expect(text).to.contain('- V8').and.to.contain('- OpenSSL').and.to.contain('- libuv')
  })

  it('contain the text of each package with a file in the bundle @slow', async () => {
    const { metafile } = await build({
      absWorkingDir: ROOT,
      stdin: {
        contents: "import 'mongoose'; import './src/entry/command.ts'; import './src/entry/worker.ts'",
        resolveDir: ROOT,
      },
      bundle: true,
      platform: 'node',
      write: false,
      metafile: true,
      logLevel: 'silent',
      packages: 'bundle',
      external: [
        '#licenses',
        'kerberos',
        'snappy',
        'socks',
        'gcp-metadata',
        'mongodb-client-encryption',
        '@mongodb-js/zstd',
        '@aws-sdk/*',
      ],
    })
    const folders = new Set(Object.keys(metafile.inputs).flatMap((input) => packageFolder(input) ?? []))
    const names = [...folders].map((folder) => JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')).name)
    const { dependencies } = JSON.parse(projectText('package.json'))
    expect(names).to.include.members([...Object.keys(dependencies), 'mongodb', 'bson'])
    for (const folder of folders) {
      const files = readdirSync(folder).filter((file) => /licen[cs]e/i.test(file))
      expect(files, folder).to.not.deep.equal([])
      for (const file of files) {
        const license = readFileSync(path.join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim()
        expect(text.includes(license), `${folder} ${file}`).to.equal(true)
      }
    }
  })

  it('fail when a package has no text', () => {
    expect(() => licensesOf(['node_modules/mocha/package.json'])).to.not.throw()
    expect(() => licensesOf(['node_modules/no-such-package/index.js'])).to.throw('no-such-package')
  })

  it('of Node equal those of the installed package', function () {
    const home = path.join(ROOT, 'node_modules/node/node_modules')
    const folders = existsSync(home) ? readdirSync(home).map((name) => path.join(home, name)) : []
    const file = folders
      .map((folder) => path.join(folder, 'LICENSE'))
      .find((file) => existsSync(file) && /node-(bin-)?(linux|darwin)/.test(file))
    // The package for Windows contains none.
    if (file === undefined) skip(this, 'no licence in the Node package for Windows')
    const { version } = JSON.parse(readFileSync(path.join(file, '../package.json'), 'utf8'))
    expect(path.basename(NODE_LICENSE)).to.equal(`node-${version}.txt`)
    expect(readFileSync(NODE_LICENSE, 'utf8')).to.equal(readFileSync(file, 'utf8'))
  })

  it('are in a file next to the bundle, which prints them', () => {
    const folder = tempFolder()
    execFileSync(process.execPath, [path.join(ROOT, 'build/bundle.ts'), '--quiet', folder])
    expect(readFileSync(path.join(folder, LICENSES_FILE), 'utf8')).to.equal(text)
    const args = [path.join(folder, 'queuectl.cjs'), 'licenses']
    const env = { PATH: process.env.PATH, QUEUECTL_HOME: folder }
    expect(execFileSync(process.execPath, args, { env, encoding: 'utf8' })).to.equal(text)
  })

  it('are printed when run from source, and as one JSON document', async () => {
    expect(await queuectl(['licenses'])).to.deep.equal({ code: 0, stdout: text, stderr: '' })
    expect(JSON.parse((await queuectl(['licenses', '--json'])).stdout)).to.deep.equal({ licenses: text })
  })
})
