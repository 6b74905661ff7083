import { expect } from 'chai'
import { readJob } from '../../src/cli/enqueue/job-input.ts'
import { jobMaker } from '../../src/cli/enqueue/new-job.ts'
import { QueuectlError } from '../../src/domain/errors.ts'
import { effectiveSettings } from '../../src/domain/settings.ts'
import { platform } from '../../src/platform/platform.ts'

// `enqueue` reads every job through these functions, so bad jobs are tested without a process for each.

/** The job that would be stored for a caller's input. */
function make(job: unknown) {
  const request = readJob(JSON.parse(typeof job === 'string' ? job : JSON.stringify(job)))
  const { unrunnable } = platform
  const context = { config: effectiveSettings({}), cwd: process.cwd(), host: 'h', local: true, unrunnable }
  return jobMaker(context)(request)
}

function refusal(job: unknown): QueuectlError {
  try {
    make(job)
  } catch (error) {
    expect(error).to.be.instanceOf(QueuectlError)
    return error as QueuectlError
  }
  throw new Error('it was accepted')
}

describe('a job to be enqueued @fast', () => {
  const nested = '['.repeat(50_000) + ']'.repeat(50_000)
  const bad: Record<string, [job: unknown, text: string]> = {
    'an unknown key, with a suggestion': [{ comand: 'x' }, 'did you mean command?'],
    'a key of every object': [{ command: 'x', constructor: 1 }, 'unknown key "constructor"'],
    'no command': [{ id: 'a' }, 'missing field "command"'],
    'an empty command': [{ command: ' \n' }, 'command is empty'],
    'a NUL byte': [{ command: 'a\0b' }, 'NUL'],
    'half of a surrogate pair': [{ command: 'a\ud800' }, 'not valid Unicode'],
    'a command over 64 KiB': [{ command: 'x'.repeat(64 * 1024 + 1) }, 'limit is 65536'],
    'a variable that is too long': [{ command: 'x', env: { A: 'x'.repeat(33_000) } }, 'limit is 32768'],
    'a command that is a number': [{ command: 5 }, 'command must be a string, not a number'],
    'a negative number': [{ command: 'x', max_retries: -1 }, 'max_retries cannot be -1'],
    'a fractional number': [{ command: 'x', max_retries: 1.5 }, 'max_retries cannot be 1.5'],
    'a number as text': [{ command: 'x', max_retries: '3' }, 'max_retries cannot be "3"'],
    'a billion retries': [{ command: 'x', max_retries: 1e9 }, 'max_retries must be a whole number from 0 to 100'],
    'deeply nested lists': [`{"command":"x","timeout":${nested}}`, 'timeout cannot be an array'],
    'an object with deeply nested lists': [
      `{"command":"x","priority":{"a":${nested}}}`,
      'priority cannot be an object',
    ],
    'a fractional priority': [{ command: 'x', priority: 0.5 }, 'priority cannot be 0.5'],
    'a negative delay': [{ command: 'x', delay: -1 }, 'delay cannot be -1'],
    'a malformed delay': [{ command: 'x', delay: '5 minutes' }, 'not a duration'],
    'a zero timeout': [{ command: 'x', timeout: 0 }, 'timeout cannot be 0'],
    'a malformed time': [{ command: 'x', run_at: 'tomorrow' }, 'not a time'],
    'a day that does not exist': [{ command: 'x', run_at: '2026-02-30T10:00:00Z' }, 'not a time'],
    'a time as a number': [{ command: 'x', run_at: 1_700_000_000 }, 'run_at must be a string'],
    'a time and a delay': [{ command: 'x', run_at: '2126-01-31T18:00:00Z', delay: 5 }, 'exclude each other'],
    'an id that is a path': [{ command: 'x', id: '../x' }, 'invalid id "../x"'],
    'an id that is too long': [{ command: 'x', id: 'a'.repeat(65) }, 'invalid id'],
    'an id that is an operator': [{ command: 'x', id: { $gt: '' } }, 'id must be a string, not an object'],
    'a queue with a space': [{ command: 'x', queue: 'a b' }, 'invalid queue "a b"'],
    'a folder that does not exist': [{ command: 'x', cwd: '/no/such/folder' }, 'does not exist'],
    'a folder that is a file': [{ command: 'x', cwd: process.execPath }, 'is not a folder'],
    'an unknown shell': [{ command: 'x', shell: 'zsh' }, 'shell must be default, cmd or powershell'],
    'a variable that is a number': [{ command: 'x', env: { A: 1 } }, 'env.A must be a string'],
    'a variable without a name': [{ command: 'x', env: { '': 'a' } }, 'cannot have a variable named ""'],
    'variables in a list': [{ command: 'x', env: ['A=b'] }, 'env must be an object, not an array'],
  }

  for (const [what, [job, text]] of Object.entries(bad)) {
    it(`is refused with ${what}`, () => {
      const { message, hint, exit_code } = refusal(job)
      expect(`${message} (${hint})`).to.contain(text)
      expect(exit_code).to.equal(2)
    })
  }

  it('is refused with keys that lead to the prototype, and pollutes nothing (S6)', () => {
    expect(refusal('{"command":"x","__proto__":{"queue":"evil"}}').message).to.contain('"__proto__"')
    expect(refusal('{"command":"x","env":{"__proto__":"evil"}}').message).to.contain('"__proto__"')
    expect({}).to.not.have.property('queue')
  })

  it('has a digest of its content only if its id was given', () => {
    expect(make({ command: 'x' }).content_hash).to.equal(null)
    const { content_hash } = make({ id: 'a', command: 'x', env: { A: '1', B: '2' } })
    expect(make({ env: { B: '2', A: '1' }, command: 'x', id: 'a', priority: 0 }).content_hash).to.equal(content_hash)
    expect(make({ id: 'a', command: 'x', env: { A: '1' } }).content_hash).to.not.equal(content_hash)
  })
})
