import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { Context } from '../../src/cli/context.ts'
import { confirmed } from '../../src/cli/terminal/confirm.ts'

class AtTerminal extends Context {
  override get interactive(): boolean {
    return true
  }
}

describe('a confirmation on a terminal @fast', () => {
  const answer = async (typed: string): Promise<boolean> => {
    const input = new PassThrough()
    const confirmation = confirmed(new AtTerminal([]), 'Really?', false, { input, output: new PassThrough() })
    input.write(typed)
    return confirmation
  }

  for (const [name, typed, confirms] of [
    ['y', 'y\r', true],
    ['yes', 'YES\r', true],
    ['n', 'n\r', false],
    ['nothing', '\r', false],
    ['Ctrl-C', '\x03', false],
    ['Ctrl-D', '\x04', false],
  ] as const) {
    it(`reads ${name} as ${confirms ? 'yes' : 'no'}`, async () => expect(await answer(typed)).to.equal(confirms))
  }

  it('is skipped without a terminal, and with --yes', async () => {
    expect(await confirmed(new Context(['--json']), 'Really?', false)).to.equal(true)
    expect(await confirmed(new AtTerminal([]), 'Really?', true)).to.equal(true)
  })
})
