import { expect } from 'chai'
import { QueuectlError } from '../../src/domain/errors.ts'
import { isJobId, newJobId, newToken } from '../../src/domain/ids.ts'
import { viewOf } from '../../src/domain/job.ts'
import { backoffMs } from '../../src/domain/outcome.ts'
import { effectiveSettings, parseSetting, SETTING_KEYS, SETTINGS, settingKey } from '../../src/domain/settings.ts'
import { formatDuration, parseDuration } from '../../src/domain/units.ts'

describe('the retry delay @fast', () => {
  it('is base ^ attempts seconds', () => {
    const policy = { backoff_base: 2, backoff_max: 86_400 }
    expect([1, 2, 3, 10].map((attempts) => backoffMs(policy, attempts))).to.deep.equal([2000, 4000, 8000, 1_024_000])
  })

  it('is capped, even if the power overflows (S18)', () => {
    expect(backoffMs({ backoff_base: 10, backoff_max: 60 }, 400)).to.equal(60_000)
  })

  it('may be constant, or zero', () => {
    expect(backoffMs({ backoff_base: 1, backoff_max: 60 }, 7)).to.equal(1000)
    expect(backoffMs({ backoff_base: 0, backoff_max: 60 }, 7)).to.equal(0)
  })
})

describe('durations @fast', () => {
  for (const [text, seconds] of Object.entries({
    '90': 90,
    '90s': 90,
    '1.5s': 1.5,
    '500ms': 0.5,
    '5m': 300,
    '2h': 7200,
    '7d': 604_800,
  })) {
    it(`reads ${text}`, () => expect(parseDuration(text, 'x')).to.equal(seconds))
  }
  for (const text of ['', '-5', '5 minutes', '1e3', 'NaN', '5w', '.5']) {
    it(`refuses ${JSON.stringify(text)} by name`, () => {
      expect(() => parseDuration(text, 'grace')).to.throw(QueuectlError, `grace "${text}"`)
    })
  }
  for (const [seconds, text] of [
    [0, '0s'],
    [0.0004, '1ms'],
    [0.04, '40ms'],
    [1.25, '1.3s'],
    [59.6, '1m'],
    [185, '3m 5s'],
    [7800, '2h 10m'],
    [356_400, '4d 3h'],
  ] as const) {
    it(`shows ${seconds} as ${text}`, () => expect(formatDuration(seconds)).to.equal(text))
  }
})

describe('settings @fast', () => {
  it('are named with - or _', () => {
    expect(settingKey('max-retries')).to.equal('max_retries')
    expect(settingKey('__proto__')).to.equal(null)
    expect(settingKey('nonsense')).to.equal(null)
  })

  it('have defaults that fit their own ranges', () => {
    expect(effectiveSettings({})).to.deep.equal(
      Object.fromEntries(SETTING_KEYS.map((key) => [key, SETTINGS[key].default])),
    )
  })

  it('fall back to the default for invalid stored values', () => {
    expect(effectiveSettings({ max_retries: 'many', grace: -1, durability: 'maybe' })).to.include({
      max_retries: 3,
      grace: 20,
      durability: 'normal',
    })
  })

  for (const [key, text, value] of [
    ['max_retries', '5', 5],
    ['backoff_base', '1.5', 1.5],
    ['timeout', '5m', 300],
    ['timeout', 'none', null],
    ['log_limit', '64 MiB', 67_108_864],
    ['durability', 'full', 'full'],
  ] as const) {
    it(`accept ${text} for ${key}`, () => expect(parseSetting(key, text)).to.equal(value))
  }

  for (const [key, text] of [
    ['max_retries', '1e9'],
    ['max_retries', '-1'],
    ['max_retries', '2.5'],
    ['max_retries', 'none'],
    ['concurrency', '0'],
    ['grace', '-3s'],
    ['backoff_max', '-1'],
    ['log_limit', '1'],
    ['log_limit', 'much'],
    ['durability', 'some'],
    ['backoff_base', 'Infinity'],
  ] as const) {
    it(`refuse ${text} for ${key}, by name and value`, () => {
      const value = text.replace('1e9', '1000000000')
      expect(() => parseSetting(key, text)).to.throw(QueuectlError, new RegExp(`^${key} cannot be "?${value}"?$`))
    })
  }
})

describe('ids @fast', () => {
  it('are 1 to 64 letters, digits, dots, underscores and hyphens', () => {
    expect(['a', 'A-1_b.c', 'x'.repeat(64)].every(isJobId)).to.equal(true)
    expect(['', '../x', 'a b', 'ä', 'x\0', 'x\n', 'x'.repeat(65)].some(isJobId)).to.equal(false)
  })

  it('that are generated are valid and unique', () => {
    const ids = new Set(Array.from({ length: 10_000 }, newJobId))
    expect(ids.size).to.equal(10_000)
    expect([...ids].every(isJobId)).to.equal(true)
    expect(newToken()).to.match(/^[0-9a-z]{20}$/)
  })
})

describe('the view of a job @fast', () => {
  it('distinguishes pending jobs', () => {
    const view = (next_run_at: number, attempts: number) => viewOf({ state: 'pending', next_run_at, attempts }, 1000)
    expect([view(1000, 0), view(1001, 0), view(1001, 1)]).to.deep.equal(['ready', 'scheduled', 'retrying'])
    expect(viewOf({ state: 'dead', next_run_at: 5000, attempts: 1 }, 1000)).to.equal('dead')
  })
})
