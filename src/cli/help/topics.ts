/** The topics of `queuectl help`. Each text is loaded and built on demand. */
export const TOPICS: Readonly<Record<string, () => Promise<string>>> = {
  'exit-codes': async () => (await import('./exit-codes.ts')).exitCodes(),
  settings: async () => (await import('./settings.ts')).settings(),
  fields: async () => (await import('./fields.ts')).fields(),
  environment: async () => (await import('./environment.ts')).environment(),
  states: async () => (await import('./states.ts')).states(),
  recipes: async () => (await import('./recipes.ts')).recipes(),
}
