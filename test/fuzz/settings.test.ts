import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { QueuectlError } from '../../src/domain/errors.ts'
import { checkSetting, effectiveSettings, SETTING_KEYS } from '../../src/domain/settings.ts'
import { parseUrl } from '../../src/store/mongo/url.ts'
import { holdsFor, RUN } from '../helpers/property.ts'
import { MEMORY, tempFolder } from '../helpers/temp.ts'
import { inProcess } from './in-process.ts'
import { expectWellBehaved } from './well-behaved.ts'
import { anyText } from './words.ts'

describe('what is configured @full', () => {
  const home = tempFolder(MEMORY)

  it('as a setting is valid, or refused without a change', async function () {
    this.timeout(RUN.patience_ms)
    expect(await run(['init'])).to.include({ code: 0 })
    const key = fc.oneof({ weight: 5, arbitrary: fc.constantFrom<string[]>(...SETTING_KEYS, 'max-retries') }, anyText)
    await holdsFor(
      fc.asyncProperty(key, anyValue, async (key, value) => {
        const argv = ['config', 'set', '--json', '--', key, value]
        const { code, stdout, stderr } = await run(argv)
        expect(code, stderr).to.be.oneOf([0, 2])
        const list = JSON.parse((await run(['config', 'list', '--json'])).stdout)
        if (code === 0) expect(list).to.deep.include(JSON.parse(stdout))
        for (const setting of list) checkSetting(setting.key, setting.value)
      }),
      150,
    )
  })

  it('in the store by another program counts only if it is valid', () => {
    const stored = fc.dictionary(fc.oneof(fc.constantFrom<string[]>(...SETTING_KEYS), fc.string()), fc.anything())
    return holdsFor(
      fc.property(stored, (stored) => {
        const config = effectiveSettings(stored)
        expect(Object.keys(config)).to.have.members(SETTING_KEYS)
        for (const key of SETTING_KEYS) checkSetting(key, config[key])
      }),
      500,
    )
  })

  it('in .env names a store, or is refused', async function () {
    this.timeout(RUN.patience_ms)
    const file = path.join(home, '.env')
    await holdsFor(
      fc.asyncProperty(anyEnvFile, async (bytes) => {
        writeFileSync(file, bytes)
        const { code, stderr } = await run(['status', '--json'])
        expect(code, stderr).to.be.oneOf([0, 3, 69, 74, 78])
      }),
      120,
    ).finally(() => rmSync(file))
  })

  it('as the address of a store is opened, or refused', async function () {
    this.timeout(RUN.patience_ms)
    mkdirSync(path.join(home, 'folder'))
    await holdsFor(
      fc.asyncProperty(anyAddress, async (address) => {
        const { code, stderr } = await run(['init', '--json', `--db=${address}`])
        expect(code, stderr).to.be.oneOf(address.startsWith('mongodb:') ? [2] : [0, 74, 78])
      }),
      150,
    )
  })

  it('as a MongoDB address is parsed without its password, or refused without showing any of it', () => {
    return holdsFor(
      fc.property(anyMongoUrl, (url) => {
        try {
          const { label, hosts } = parseUrl(url)
          expect(label + hosts).to.not.contain('s3cret')
        } catch (error) {
          expect(error).to.be.instanceOf(QueuectlError).and.include({ exit_code: 78 })
          expect((error as Error).message).to.not.contain('s3cret')
        }
      }),
      1000,
    )
  })

  async function run(argv: readonly string[]) {
    const ended = await inProcess(argv, home)
    expectWellBehaved(ended, argv)
    return ended
  }
})

const anyValue = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('0', '1', '3', '100', '101', '-1', '1.5', '1e2', '1e400', '0x10', '٣', ' 5 ', '', '--'),
  },
  { weight: 3, arbitrary: fc.constantFrom('5m', '1ms', '0s', '99999d', '1.5h', '5 m', '-5m', 'none', 'NONE', 'null') },
  {
    weight: 3,
    arbitrary: fc.constantFrom('64MiB', '4k', '4095', '1t', '2T', '1e9', 'full', 'normal', 'Full', 'cmd', 'default'),
  },
  { weight: 1, arbitrary: anyText },
)

const NAMES = [
  'QUEUECTL_DB',
  'QUEUECTL_HOME',
  'QUEUECTL_HOST_ID',
  'QUEUECTL_SUPERVISOR',
  'MONGODB_URI',
  'PATH',
  'export QUEUECTL_DB',
  '',
]
const VALUES = [
  'a.db',
  '"b.db"',
  "'c d.db'",
  '',
  '"',
  '"a\nb"',
  'a.db # none',
  '"\u0000"',
  'a\u0000b',
  '`a`',
  '$HOME',
  'sqlite:d.db',
  'file://x/y',
]

/** Any content of a file of variables. Addresses of servers are tested elsewhere: waiting for them is slow. */
const anyEnvFile = fc
  .array(
    fc.oneof(
      {
        weight: 5,
        arbitrary: fc
          .tuple(
            fc.constantFrom(...NAMES),
            fc.constantFrom('=', ' = ', ':', ''),
            fc.oneof(fc.constantFrom(...VALUES), anyText),
          )
          .map((parts) => parts.join('')),
      },
      { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
      { weight: 1, arbitrary: fc.constantFrom('# none', '\ufeffQUEUECTL_DB=e.db', 'x'.repeat(100_000), '\u0000') },
    ),
    { maxLength: 5 },
  )
  .chain((lines) => fc.constantFrom('\n', '\r\n').map((newline) => Buffer.from(lines.join(newline))))
  .chain((bytes) => fc.constantFrom(bytes, Buffer.concat([bytes, Buffer.from([0xff, 0xfe, 0x00])])))

const SCHEMES = [
  '',
  '',
  'sqlite:',
  'sqlite://',
  'file:',
  'file://',
  'FILE:',
  'redis://',
  'http://',
  'c:',
  'mongodb:',
  'x+y:',
  ':',
]
const PATHS = [
  'a.db',
  'new/b.db',
  'folder',
  'jobs',
  '',
  '.',
  'a.db/c.db',
  '%2f',
  '%',
  '%00',
  '?x=y',
  '#',
  'host/a.db',
  ':memory:',
  '[::1]',
]

const HOME = tempFolder(MEMORY)

/** It leads no further than the working folder, and one other. */
const anyAddress = fc
  .tuple(
    fc.constantFrom(...SCHEMES, `${HOME}/`, `sqlite://${HOME}/`, `FILE://${HOME}/`),
    fc.oneof(fc.constantFrom(...PATHS), anyText),
  )
  .map(([scheme, rest]) => scheme + rest)
  .filter((address) => !/^mongodb(\+srv)?:\/\//i.test(address))

const anyMongoUrl = fc
  .tuple(
    fc.constantFrom('mongodb://', 'mongodb+srv://', 'MONGODB://', 'mongodb:/', 'mongodb://mongodb://'),
    fc.constantFrom('', 'user@', 'user:s3cret@', ':s3cret@', 'u:s3cret@x@', 'u:s3cret/@', 'u:%s3cret@', 'u:s3cret:@'),
    fc.oneof(
      fc.constantFrom('localhost', 'a:1,b:2', 'h:99999', '[::1]:27017', '%2ftmp%2fx.sock', '', 'h:', ','),
      anyText,
    ),
    fc.constantFrom('', '/', '/db', '/d b', '/%', '/a/b', '/x?y'),
    fc.constantFrom('', '?', '?tls=true', '?a', '?=b', '?a=b=c', '&', '?authSource=x&w=1', '#s'),
  )
  .map((parts) => parts.join(''))
