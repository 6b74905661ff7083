/** What an examination found about one thing. */
export interface Finding {
  /** What was looked at, in a word. */
  check: string
  level: 'ok' | 'warning' | 'problem'
  message: string
  /** What to do about it; null: nothing. */
  remedy: string | null
}

/** A finding that `mend`, where it is there, puts right without risk to any job. It says what it has done. */
export interface Diagnosis extends Finding {
  mend?: () => Promise<string>
}

/** What is as it should be. */
export const fine = (check: string, message: string): Diagnosis => ({ check, level: 'ok', message, remedy: null })

/** What may become a problem, or is one for somebody. */
export const warning = (check: string, message: string, remedy: string | null): Diagnosis => ({
  check,
  level: 'warning',
  message,
  remedy,
})

/** What keeps the queue from working as promised. */
export const problem = (check: string, message: string, remedy: string | null): Diagnosis => ({
  check,
  level: 'problem',
  message,
  remedy,
})

/** Something went wrong while it was looked at. */
export function failedCheck(check: string, error: unknown): Diagnosis {
  const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : null
  return problem(check, error instanceof Error ? error.message : String(error), hint)
}
