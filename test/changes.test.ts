import { expect } from 'chai'
import { SETTING_KEYS, SETTINGS } from '../src/domain/settings.ts'
import { sourceFiles } from './helpers/sources.ts'

const SRC = sourceFiles('src')
const filesWith = (form: RegExp) => SRC.filter(({ text }) => form.test(text)).map(({ path }) => path)

// What CONTRIBUTING promises: how few files a change touches. Each row as far as the sources can show it.
describe('a change touches few files', () => {
  it('a setting that running workers follow: nothing on its way to them names one', () => {
    const live = SETTING_KEYS.filter((key) => SETTINGS[key].reaches === 'live')
    expect(live).to.include('log_limit')
    const way =
      /^src\/(worker\/(messages|run-worker|channel)|supervisor\/(supervisor|options|pool|worker-process))\.ts$/
    const naming = filesWith(new RegExp(`\\b(${live.join('|')})\\b`))
    expect(naming.filter((path) => way.test(path))).to.deep.equal([])
  })

  it('a filter on what is claimed: one file of each adapter translates it', () => {
    const translating = filesWith(/\b(namedQueues|admits|admitsAll)\(/)
    expect(translating.filter((path) => path.startsWith('src/store/sqlite/'))).to.have.length(1)
    expect(translating.filter((path) => /^src\/store\/mongo\/(?!claim\.ts)/.test(path))).to.have.length(1)
  })
})
