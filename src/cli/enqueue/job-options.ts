import { invalid } from '../../domain/errors.ts'

/** Options of `enqueue` that say something about the job, as commander names them. */
export interface JobOptions {
  id?: string
  queue?: string
  priority?: string
  delay?: string
  runAt?: string
  timeout?: string
  shell?: string
  cwd?: string
  env?: string[]
  maxRetries?: string
  maxInterruptions?: string
  backoffBase?: string
  backoffMax?: string
}

const TEXT = { id: 'id', queue: 'queue', delay: 'delay', runAt: 'run_at', shell: 'shell', cwd: 'cwd' } as const
const TIME = { timeout: 'timeout', backoffMax: 'backoff_max' } as const
const NUMBER = {
  priority: 'priority',
  maxRetries: 'max_retries',
  maxInterruptions: 'max_interruptions',
  backoffBase: 'backoff_base',
} as const

/** The options as a job's fields, for the same checks as JSON. Throws `invalid` for `--env` without `=`. */
export function jobFields(options: JobOptions): Record<string, unknown> {
  return {
    ...rename(TEXT, options, (text) => text),
    ...rename(TIME, options, (text) => (text === 'none' ? null : text)),
    ...rename(NUMBER, options, number),
    ...(options.env ? { env: environment(options.env) } : {}),
  }
}

/** `fields` and `options` as one; throws `invalid` for what both give: neither is the obvious winner. */
export function combine(
  fields: Readonly<Record<string, unknown>>,
  options: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const both = Object.keys(fields).find((key) => Object.hasOwn(options, key.replaceAll('-', '_')))
  if (both !== undefined) throw invalid(`${both} is given twice: in the job and as an option`, 'leave one of them out')
  return { ...fields, ...options }
}

function rename<Name extends keyof JobOptions>(
  names: Readonly<Record<Name, string>>,
  options: JobOptions,
  read: (text: string) => unknown,
): Record<string, unknown> {
  const given = Object.entries<string>(names).filter(([option]) => options[option as Name] !== undefined)
  return Object.fromEntries(given.map(([option, field]) => [field, read(options[option as Name] as string)]))
}

/** What is no number stays text, which the field's own check refuses by name. */
const number = (text: string) => (/^[+-]?\d+(\.\d+)?(e\d+)?$/i.test(text.trim()) ? Number(text) : text)

function environment(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const cut = pair.indexOf('=')
      if (cut < 1) throw invalid(`--env "${pair}" is not NAME=value`)
      return [pair.slice(0, cut), pair.slice(cut + 1)]
    }),
  )
}
