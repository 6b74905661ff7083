import { expect } from 'chai'
import { SETTING_KEYS, SETTINGS } from '../src/domain/settings.ts'
import { TASKS } from '../src/supervisor/task-table.ts'
import { sourceFiles } from './helpers/sources.ts'

const SRC = sourceFiles('src')
const filesWith = (form: RegExp) => SRC.filter(({ text }) => form.test(text)).map(({ path }) => path)

// CONTRIBUTING promises how few files a change touches. This checks each row as far as the sources show it.
describe('a change touches few files', () => {
  it('a setting that running workers follow: no file on its way to them names it', () => {
    const live = SETTING_KEYS.filter((key) => SETTINGS[key].reaches === 'live')
    expect(live).to.include('log_limit')
    const way =
      /^src\/(worker\/(messages|run-worker|channel)|supervisor\/(supervisor|options|pool|worker-process))\.ts$/
    const naming = filesWith(new RegExp(`\\b(${live.join('|')})\\b`))
    expect(naming.filter((path) => way.test(path))).to.deep.equal([])
  })

  it('a periodic task of the supervisor: its file and one line of the table', () => {
    const tasks = Object.values(TASKS).flat()
    const files = filesWith(/^export const \w+: SupervisorTask = /m)
    expect(files.filter((path) => !path.startsWith('src/supervisor/tasks/'))).to.deep.equal([])
    expect(files).to.have.length(tasks.length)
    expect(new Set(tasks.map(({ name }) => name)).size).to.equal(tasks.length)
    // The tasks that the tick itself runs, hastens or waits for. Only the table knows the others.
    const special = /import \{ (\w+) \} from '\.\/tasks\//g
    const supervisor = SRC.find(({ path }) => path === 'src/supervisor/supervisor.ts')?.text ?? ''
    const known = [...supervisor.matchAll(special)].map(([, name]) => name)
    expect(known).to.deep.equal(['HEARTBEAT', 'RECOVER_DEAD', 'TAKE_REQUESTS', 'WATCH_DRAIN'])
  })

  it('a filter for claims: one file of each adapter translates it', () => {
    const adapters = new Map<string, string[]>()
    for (const { path, code } of SRC) {
      const [, adapter] = /^src\/store\/(\w+)\//.exec(path) ?? []
      if (adapter === undefined) continue
      const translating = adapters.get(adapter) ?? []
      adapters.set(adapter, /\b(namedQueues|admits)\(/.test(code) ? [...translating, path] : translating)
    }
    expect(adapters).to.have.any.keys('sqlite', 'mongo')
    for (const [adapter, files] of adapters) expect(files, adapter).to.have.length(1)
  })
})
