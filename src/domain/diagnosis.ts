/** The result of one check. */
export interface Finding {
  /** Name of the check, in one word. */
  check: string
  level: 'ok' | 'warning' | 'problem'
  message: string
  /** What to do about it; null: nothing. */
  remedy: string | null
}

/** A finding with `mend`, if present, which fixes it without risk to any job and returns what it did. */
export interface Diagnosis extends Finding {
  mend?: () => Promise<string>
}

/** A check that found nothing wrong. */
export const fine = (check: string, message: string): Diagnosis => ({ check, level: 'ok', message, remedy: null })

/** Something that may become a problem, or is one in some cases. */
export const warning = (check: string, message: string, remedy: string | null): Diagnosis => ({
  check,
  level: 'warning',
  message,
  remedy,
})

/** Something that keeps the queue from working as promised. */
export const problem = (check: string, message: string, remedy: string | null): Diagnosis => ({
  check,
  level: 'problem',
  message,
  remedy,
})

/** A check that failed itself. */
export function failedCheck(check: string, error: unknown): Diagnosis {
  const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : null
  return problem(check, error instanceof Error ? error.message : String(error), hint)
}
