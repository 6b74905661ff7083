import { mongoServer, needsMongo } from './mongo-server.ts'
import { Scene } from './supervised.ts'

type SceneOptions = { env?: Record<string, string> }

/** The stores that a supervisor can use, for suites that must pass on each of them. */
export const STORES = [
  { name: 'SQLite', embedded: true, prepare() {}, openScene: (options: SceneOptions = {}) => Scene.open(options) },
  {
    name: 'MongoDB',
    embedded: false,
    prepare: needsMongo,
    openScene: async (options: SceneOptions = {}) => Scene.open({ ...options, address: (await mongoServer()).url() }),
  },
]
