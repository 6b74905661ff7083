import { skip } from './skip.ts'
import { inScene, type Scene } from './supervised.ts'

/** A test that spends nearly all of its time waiting. It returns why it could not run here, or undefined. */
export type Telling = () => Promise<string | undefined>

/**
 * A test for each of `tests`, by its title, that run at the same time: together they take as long as the longest.
 * Each has a separate store. `prepare` runs before.
 */
export function tellTogether(
  tests: Readonly<Record<string, Telling>>,
  prepare: (this: Mocha.Context) => Promise<void> = async () => {},
): void {
  const running = new Map<string, Promise<string | undefined>>()

  before(async function () {
    await prepare.call(this)
    for (const [title, tell] of Object.entries(tests)) {
      const test = tell()
      // Its own test handles the error, which may come later.
      test.catch(() => {})
      running.set(title, test)
    }
  })

  for (const title of Object.keys(tests)) {
    it(title, async function () {
      const missing = await running.get(title)
      if (missing !== undefined) skip(this, missing)
    })
  }
}

/** Such a test in a scene on the embedded store. */
export interface Story {
  /** Variables for the programs of its scene. */
  env?: () => Record<string, string>
  tell(scene: Scene, env: Record<string, string>): Promise<void>
}

/** A suite of `stories`, each in a separate scene. Their titles are the keys. */
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
