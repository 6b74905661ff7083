import { existsSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { openStore } from '../../src/store/open.ts'
import { refusal } from '../contract/kit.ts'
import { tempFolder } from '../helpers/temp.ts'

const open = (address: string) => openStore({ address, role: 'command', data_folder: '/none', is_alive: () => false })

describe('opening a store @fast', () => {
  it('accepts a path, also after sqlite: or file:, and creates the file', async () => {
    const file = path.join(tempFolder(), 'a folder', 'queue.db')
    for (const address of [file, `sqlite:${file}`, `file:${file}`, `sqlite://${file}`, pathToFileURL(file).href]) {
      const store = await open(address)
      expect(store.info).to.include({ kind: 'sqlite', label: file, folder: `${file}.d`, shared: false })
      await store.close()
    }
    expect(existsSync(file)).to.equal(true)
  })

  it('resolves a relative path from the working folder', async () => {
    const file = path.join(tempFolder(), 'queue.db')
    const store = await open(path.relative(process.cwd(), file))
    expect(store.info.label).to.equal(file)
    await store.close()
  })

  it('refuses addresses without a store, without showing a password', async () => {
    for (const address of ['postgres://me:secret@host/db', 'mongodb://me:secret@/db', 'sqlite:', '']) {
      const error = await refusal(open(address))
      expect(error, address).to.include({ code: 'configuration', exit_code: 78 })
      expect(`${error.message} ${error.hint}`).to.not.contain('secret')
    }
  })
})
