import { invalid } from '../../domain/errors.ts'
import { fieldNames, JOB_FIELDS, type JobField, type OptionName, type ValueOf } from '../../domain/job-fields.ts'

type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name

/** Options of `enqueue` that set fields of the job, as commander names them. */
export type JobOptions = {
  [Name in OptionName as Camel<Name>]?: ValueOf<Name> extends object | null ? string[] : string
}

const NAMES = fieldNames<OptionName>(({ option }) => option !== undefined)

/** The options as job fields, to be checked like JSON. Throws `invalid` for `--env` without `=`. */
export function jobFields(options: JobOptions): Record<string, unknown> {
  const given = options as Readonly<Record<string, string | string[] | undefined>>
  return Object.fromEntries(
    NAMES.flatMap((name) => {
      const value = given[camel(name)]
      return value === undefined ? [] : [[name, read(value, name)]]
    }),
  )
}

/** `fields` and `options` combined. Throws `invalid` for a field in both: neither obviously overrides the other. */
export function combine(
  fields: Readonly<Record<string, unknown>>,
  options: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const both = Object.keys(fields).find((key) => Object.hasOwn(options, key.replaceAll('-', '_')))
  if (both !== undefined) throw invalid(`${both} is given twice: in the job and as an option`, 'omit one of them')
  return { ...fields, ...options }
}

function read(value: string | string[], name: OptionName): unknown {
  const { kind, from }: JobField = JOB_FIELDS[name]
  if (typeof value !== 'string') return environment(value, name)
  switch (kind) {
    case 'whole':
    case 'count':
    case 'number':
      return number(value)
    case 'duration':
    case 'limit':
      return from === 'setting' && value === 'none' ? null : value
    default:
      return value
  }
}

/** A text that is no number stays text; the field's own check refuses it by name. */
const number = (text: string) => (/^[+-]?\d+(\.\d+)?(e\d+)?$/i.test(text.trim()) ? Number(text) : text)

function environment(pairs: readonly string[], name: string): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const cut = pair.indexOf('=')
      if (cut < 1) throw invalid(`--${name} "${pair}" is not NAME=value`)
      return [pair.slice(0, cut), pair.slice(cut + 1)]
    }),
  )
}

const camel = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
