import { Scene } from './supervised.ts'

/** A test that spends nearly all of its time waiting. */
export interface Story {
  /** For the programs of its scene. */
  env?: () => Record<string, string>
  tell(scene: Scene, env: Record<string, string>): Promise<void>
}

/**
 * Tests that go on side by side, each in a scene of its own: together they take as long as the longest. Their titles are the keys of
 * `stories`.
 */
export function sideBySide(title: string, stories: Readonly<Record<string, Story>>): void {
  describe(title, function () {
    this.timeout(90_000)
    const told = new Map<string, Promise<void>>()

    before(() => {
      for (const [name, story] of Object.entries(stories)) {
        const telling = tell(story)
        // Heard by its own test, which may come to it later.
        telling.catch(() => {})
        told.set(name, telling)
      }
    })

    for (const name of Object.keys(stories)) it(name, () => told.get(name))
  })
}

async function tell(story: Story): Promise<void> {
  const env = story.env?.() ?? {}
  const scene = await Scene.open({ env })
  try {
    await story.tell(scene, env)
  } finally {
    await scene.finish()
  }
}
