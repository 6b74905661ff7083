import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { NtExecutable, NtExecutableResource, Resource } from 'resedit'
import { brand } from '../../build/package/windows.ts'
import { tempFolder } from '../helpers/temp.ts'

const LANGUAGE = { lang: 1033, codepage: 1200 }

describe('the properties of the executable for Windows @fast', () => {
  for (const version of ['1.2.3', '1.2.3-rc.1']) {
    it(`have the version ${version}, also as numbers`, () => {
      const file = path.join(tempFolder(), 'node.exe')
      const executable = NtExecutable.createEmpty()
      const resources = NtExecutableResource.from(executable)
      Resource.VersionInfo.create({ lang: LANGUAGE.lang, fixedInfo: {}, strings: [] }).outputToResourceEntries(
        resources.entries,
      )
      resources.outputResource(executable)
      writeFileSync(file, Buffer.from(executable.generate()))
      brand(file, version)

      const made = NtExecutableResource.from(NtExecutable.from(readFileSync(file)))
      const [info] = Resource.VersionInfo.fromEntries(made.entries)
      expect(info?.getStringValues(LANGUAGE)).to.include({ FileVersion: '1.2.3.0', ProductVersion: version })
      expect(info?.fixedInfo).to.include({ fileVersionMS: 0x10002, fileVersionLS: 0x30000 })
    })
  }
})
