import { expect } from 'chai'
import { RECIPES } from '../../src/cli/help/recipes.ts'
import { type Block, page } from '../helpers/pages.ts'
import { type ScriptRoom, scriptRoom } from '../helpers/script-room.ts'
import { skip } from '../helpers/skip.ts'

/** How many recipes run at a time. */
const SIDE_BY_SIDE = 3

/** Stand-ins for programs that a recipe starts and a machine may lack. */
const PROGRAMS: Readonly<Record<string, string>> = {
  make: 'echo tested',
  lame: 'test -e "$1"',
  python3: 'echo "on GPU $CUDA_VISIBLE_DEVICES: $*"',
  systemctl: 'test "$*" = "enable --now queuectl"',
  docker: 'test "$1" != exec || { shift 2; exec "$@"; }',
}

describe('the recipes, and the five commands of the README @posix', () => {
  const five = page('README.md').blocks.filter(({ heading }) => heading === 'Five commands')
  const recipes = Map.groupBy([...five, ...page('docs/recipes.md').blocks], ({ heading }) => heading)
  const results = new Map<string, Promise<Error | null>>()

  before(function () {
    // They are for sh.
    if (process.platform === 'win32') skip(this, 'no sh')
    const waiting = [...recipes]
    const ends = new Map(waiting.map(([title]) => [title, Promise.withResolvers<Error | null>()]))
    for (const [title, { promise }] of ends) results.set(title, promise)
    const next = async (): Promise<void> => {
      const [title, blocks] = waiting.shift() ?? []
      if (title === undefined || blocks === undefined) return
      ends.get(title)?.resolve(
        await perform(blocks).then(
          () => null,
          (error: Error) => error,
        ),
      )
      return next()
    }
    for (let i = 0; i < SIDE_BY_SIDE; i++) void next()
  })

  for (const title of recipes.keys()) {
    it(`${title}: each command does what it says`, async () => {
      const error = await results.get(title)
      if (error) throw error
    })
  }

  it('agree with `queuectl help recipes`', () => {
    const shown = ['docs/recipes.md', 'docs/several-hosts.md'].flatMap((name) =>
      page(name).blocks.map(({ text }) => plain(text)),
    )
    const missing = RECIPES.flatMap(({ lines }) => lines).filter(
      (line) => !shown.some((text) => text.includes(plain(line))),
    )
    expect(missing).to.deep.equal([])
  })
})

/** Runs the blocks of one recipe, one behind the other, in a fresh folder with a queue of its own. */
async function perform(blocks: readonly Block[]): Promise<void> {
  const room = scriptRoom()
  for (const [name, body] of Object.entries(PROGRAMS)) room.command(name, body)
  try {
    for (const block of blocks) {
      await must(room, note(block, 'before'))
      await run(room, block)
      await must(room, note(block, 'check'))
    }
  } finally {
    await room.close()
  }
}

/** Runs what a block says; each language has its own way to say what is run. */
async function run(room: ScriptRoom, { language, text }: Block): Promise<void> {
  switch (language) {
    case 'sh':
      return must(room, text)
    case 'crontab':
      return must(room, text.replace(/^(\S+ ){5}/, '').replaceAll('\\%', '%'))
    case 'yaml':
      for (const [, line = ''] of text.matchAll(/\brun: (.*)$/gm)) await must(room, line)
      return
    case 'ini':
      return stopInOrder(room, /^ExecStart=\/usr\/local\/bin\/(.*)$/m.exec(text)?.[1])
    case 'dockerfile':
      return stopInOrder(room, JSON.parse(/^CMD (.*)$/m.exec(text)?.[1] ?? '[]').join(' '))
    default:
      throw new Error(`blocks of "${language}" are not run: give them another language, or say here how they are`)
  }
}

/** As an init does: it is sent SIGTERM when it is ready, and must end with 0. */
async function stopInOrder(room: ScriptRoom, command = 'false'): Promise<void> {
  const { code, stdout } = await room.terminate(`exec ${command}`, 'completed')
  expect(code, stdout).to.equal(0)
  expect(stdout).to.match(/stopped\n$/)
}

async function must(room: ScriptRoom, script: string): Promise<void> {
  const { code, stdout, stderr } = await room.run(script)
  if (code !== 0) throw new Error(`exit ${code} of\n${script}\n${stdout}${stderr}`)
}

const note = ({ notes }: Block, kind: string) =>
  notes.find((text) => text.startsWith(`${kind}:`))?.slice(kind.length + 1) ?? ''

/** Without comments, and with one space where there are several. */
const plain = (text: string) =>
  text
    .replaceAll(/\s#.*$/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
