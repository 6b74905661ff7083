import path from 'node:path'
import fc from 'fast-check'
import { holdsFor, RUN } from '../helpers/property.ts'
import { queuectl } from '../helpers/queuectl.ts'
import { inProcess } from './in-process.ts'
import { anyFile } from './json-texts.ts'
import { template } from './queue.ts'
import { expectWellBehaved } from './well-behaved.ts'
import { anyArgv, anyStart } from './words.ts'

const stays = (argv: readonly string[]) => argv.some((word) => /^(wait|cancel|stop|scale|--w|--f|-w|-f)/.test(word))

const inItsOwn = (argv: readonly string[], home: string, input = Buffer.alloc(0)) =>
  queuectl(argv, { cwd: home, env: { QUEUECTL_HOME: path.join(home, 'data') }, input })

describe('any command line @full', () => {
  it('is carried out or refused, and never an internal error', async function () {
    this.timeout(RUN.patience_ms)
    const home = (await template()).copy()
    await holdsFor(
      fc.asyncProperty(anyArgv, async (argv) => expectWellBehaved(await inProcess(argv, home), argv)),
      400,
    )
  })

  it('behaves so in a separate process too', async function () {
    this.timeout(RUN.patience_ms)
    const home = (await template()).copy()
    await holdsFor(
      fc.asyncProperty(anyArgv, async (argv) => {
        // Commands that run until they are stopped are for the test above, which can cut them off.
        if (!stays(argv)) expectWellBehaved(await inItsOwn(argv, home), argv)
      }),
      6,
    )
  })

  it('that starts workers behaves so too', async function () {
    this.timeout(RUN.patience_ms)
    const home = (await template()).copy()
    await holdsFor(
      fc.asyncProperty(anyStart, async (argv) => {
        const bounded = [...argv, '--drain', '--timeout', '1s']
        expectWellBehaved(await inItsOwn(bounded, home), bounded)
      }),
      4,
    )
  })

  it('with any text on stdin behaves so too', async function () {
    this.timeout(RUN.patience_ms)
    const home = (await template()).copy()
    await holdsFor(
      fc.asyncProperty(anyFile, async ({ bytes }) => {
        const argv = ['enqueue', '-', '--json', '--keep-going']
        expectWellBehaved(await inItsOwn(argv, home, bytes), argv)
      }),
      4,
    )
  })
})
