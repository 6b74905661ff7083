import { mongoServer, needsMongo } from './mongo-server.ts'
import { Scene } from './supervised.ts'

/** The stores that a supervisor can work on, for suites that hold on each of them. */
export const STORES = [
  { name: 'SQLite', embedded: true, prepare() {}, openScene: () => Scene.open() },
  {
    name: 'MongoDB',
    embedded: false,
    prepare: needsMongo,
    openScene: async () => Scene.open({ address: (await mongoServer()).url() }),
  },
]
