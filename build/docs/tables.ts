import { GIVEN, READ } from '../../src/cli/help/environment.ts'
import { EXIT_MEANINGS } from '../../src/cli/help/exit-codes.ts'
import { fieldMeaning, SHOWN } from '../../src/cli/help/fields.ts'
import { settingDefault } from '../../src/cli/help/settings.ts'
import { STATES, VIEWS } from '../../src/cli/help/states.ts'
import { EXIT } from '../../src/domain/errors.ts'
import { JOB_STATES } from '../../src/domain/job.ts'
import { GIVEN_FIELDS } from '../../src/domain/job-fields.ts'
import { TRANSITIONS } from '../../src/domain/outcome.ts'
import { allowed, SETTING_KEYS, SETTINGS } from '../../src/domain/settings.ts'
import { code, table } from './markdown.ts'

/** The tables of the reference, made from what the program itself is made of. */
export const TABLES: Readonly<Record<string, () => string>> = {
  fields: () =>
    table(
      ['field', 'meaning'],
      GIVEN_FIELDS.map((name) => [code(name), fieldMeaning(name)]),
    ),
  'shown-fields': () =>
    table(
      ['field', 'meaning'],
      SHOWN.map(([names, about]) => [names.split(', ').map(code).join(', '), about]),
    ),
  settings: () =>
    table(
      ['setting', 'default', 'meaning', 'allowed'],
      SETTING_KEYS.map((key) => [code(key), settingDefault(key), SETTINGS[key].about, allowed(key)]),
    ),
  'exit-codes': () =>
    table(
      ['code', 'meaning'],
      Object.entries(EXIT).map(([name, number]) => [String(number), EXIT_MEANINGS[name as keyof typeof EXIT]]),
    ),
  'environment-read': () =>
    table(
      ['variable', 'meaning', 'in `.env` too'],
      Object.entries(READ).map(([name, { about, in_env_file }]) => [code(name), about, in_env_file ? 'yes' : '']),
    ),
  'environment-given': () =>
    table(
      ['variable', 'meaning'],
      Object.entries(GIVEN).map(([name, about]) => [code(name), about]),
    ),
  states: () =>
    table(
      ['state', 'meaning', 'next'],
      JOB_STATES.map((state) => [code(state), STATES[state], TRANSITIONS[state].map(code).join(', ')]),
    ),
  views: () =>
    table(
      ['view', 'meaning'],
      Object.entries(VIEWS).map(([view, about]) => [code(view), about]),
    ),
}
