import { allowed, SETTING_KEYS, SETTINGS, type SettingKey } from '../../domain/settings.ts'
import { bytes, formatDuration } from '../../domain/units.ts'
import { definitions, paragraph, sections } from './layout.ts'

/** `queuectl help settings`. */
export function settings(): string {
  return sections(
    'Settings',
    paragraph(
      'Settings are kept in the store, so all workers share them. A job keeps the retry policy that was set when it was ' +
        'enqueued. Write keys with - or _.',
    ),
    definitions(
      SETTING_KEYS.map((key) => [key, `${SETTINGS[key].about}. ${range(key)}; default ${settingDefault(key)}.`]),
    ),
    paragraph('Write a time as 90, 90s, 5m, 2h or 7d; a size as 65536, 64KiB or 1GiB.'),
    '  $ queuectl config list\n  $ queuectl config set max-retries 5\n  $ queuectl config unset max-retries',
  )
}

/** The default of `key`, as it is typed. */
export function settingDefault(key: SettingKey): string {
  const { kind, default: value } = SETTINGS[key]
  if (value === null) return 'none'
  if (typeof value !== 'number') return String(value)
  return kind === 'duration' ? formatDuration(value) : kind === 'bytes' ? bytes(value) : String(value)
}

function range(key: SettingKey): string {
  const text = allowed(key)
  return SETTINGS[key].kind === 'choice' ? `One of ${text}` : `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
