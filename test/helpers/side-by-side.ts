import { skip } from './skip.ts'
import { inScene, type Scene } from './supervised.ts'

/** A test that spends nearly all of its time waiting. What it returns is why it could not be told here. */
export type Telling = () => Promise<string | undefined>

/**
 * A test for each of `tellings`, by its title, that go on side by side: together they take as long as the longest. Each has a store of its
 * own. `prepare` goes before.
 */
export function tellTogether(
  tellings: Readonly<Record<string, Telling>>,
  prepare: (this: Mocha.Context) => Promise<void> = async () => {},
): void {
  const told = new Map<string, Promise<string | undefined>>()

  before(async function () {
    await prepare.call(this)
    for (const [title, tell] of Object.entries(tellings)) {
      const telling = tell()
      // Heard by its own test, which may come to it later.
      telling.catch(() => {})
      told.set(title, telling)
    }
  })

  for (const title of Object.keys(tellings)) {
    it(title, async function () {
      const missing = await told.get(title)
      if (missing !== undefined) skip(this, missing)
    })
  }
}

/** Such a test in a scene on the embedded store. */
export interface Story {
  /** For the programs of its scene. */
  env?: () => Record<string, string>
  tell(scene: Scene, env: Record<string, string>): Promise<void>
}

/** A suite of `stories`, each in a scene of its own. Their titles are the keys. */
export function sideBySide(title: string, stories: Readonly<Record<string, Story>>): void {
  describe(title, function () {
    this.timeout(240_000)
    tellTogether(Object.fromEntries(Object.entries(stories).map(([name, story]) => [name, () => tell(story)])))
  })
}

async function tell(story: Story): Promise<undefined> {
  const env = story.env?.() ?? {}
  await inScene({ env }, (scene) => story.tell(scene, env))
}
