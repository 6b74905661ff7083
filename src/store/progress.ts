const FIRST_MS = 2_000
const EVERY_MS = 60_000

/** Receives the name of an activity, and how many seconds it has taken so far. */
export type OnProgress = (what: string, seconds: number) => void

/** Runs `work`; if it takes long, calls `on_progress` with `what` after 2 s and then every minute. */
export async function withProgress<T>(
  what: string,
  on_progress: OnProgress | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const begun_at = performance.now()
  const say = () => on_progress?.(what, Math.round((performance.now() - begun_at) / 1000))
  let timer = setTimeout(() => {
    say()
    timer = setInterval(say, EVERY_MS)
  }, FIRST_MS)
  try {
    return await work()
  } finally {
    clearTimeout(timer)
  }
}
