import { invalid } from '../../domain/errors.ts'
import type { Shell } from '../../domain/job.ts'
import {
  effectiveSettings,
  parseSetting,
  SETTING_KEYS,
  SETTINGS,
  type SettingKey,
  settingKey,
} from '../../domain/settings.ts'
import { isShared } from '../../domain/store-address.ts'
import { bytes, formatDuration } from '../../domain/units.ts'
import type { Context } from '../context.ts'
import { suggestion } from '../terminal/suggest.ts'
import { table } from '../terminal/table.ts'

/** `config list`. */
export async function listSettings(context: Context): Promise<void> {
  const read = await reader(context)
  const settings = SETTING_KEYS.map(read)
  if (context.json) {
    context.outJson(settings)
    return
  }
  context.out(
    table(
      [
        { title: 'KEY', text: ({ key }) => key },
        { title: 'VALUE', text: ({ key, value }) => readable(key, value), colour: ({ set }) => (set ? 'bold' : null) },
        { title: 'DEFAULT', text: (setting) => readable(setting.key, setting.default) },
        { title: 'MEANING', text: ({ about }) => about, flexible: true },
      ],
      settings,
    ),
  )
}

/** `config get`. Throws `invalid` for an unknown key. */
export async function getSetting(context: Context, text: string): Promise<void> {
  const key = keyOf(text)
  const setting = (await reader(context))(key)
  if (context.json) context.outJson(setting)
  else context.out(shown(setting.value))
}

/** `config set`. Throws `invalid` for an unknown key or an invalid value. */
export async function setSetting(context: Context, text: string, value: string): Promise<void> {
  const key = keyOf(text)
  const parsed = parseSetting(key, value)
  context.create = true
  if (key === 'shell' && !isShared((await context.address()).address)) await refuseMissingShell(parsed as Shell)
  await store(context, key, parsed)
}

/** `config unset`. Throws `invalid` for an unknown key. */
export async function unsetSetting(context: Context, text: string): Promise<void> {
  await store(context, keyOf(text), undefined)
}

/** Jobs of an embedded store run on this host, so it must have the shell. */
async function refuseMissingShell(shell: Shell): Promise<void> {
  const { platform } = await import('../../platform/platform.ts')
  const problem = platform.unrunnable({ command: '', shell })
  if (problem !== null) throw invalid(problem)
}

async function store(context: Context, key: SettingKey, value: unknown): Promise<void> {
  const unset = value === undefined
  await (await context.store()).setConfig({ key, value: unset ? null : value, unset })
  const setting = (await reader(context))(key)
  if (context.json) context.outJson(setting)
  else context.out(`${key} ${shown(setting.value)}${unset ? ' (default)' : ''}`)
}

async function reader(context: Context) {
  const stored = await (await context.store()).config()
  const config = effectiveSettings(stored)
  return (key: SettingKey) => ({
    key,
    value: config[key],
    default: SETTINGS[key].default,
    set: Object.hasOwn(stored, key),
    about: SETTINGS[key].about,
  })
}

function keyOf(text: string): SettingKey {
  const key = settingKey(text)
  if (key !== null) return key
  throw invalid(
    `unknown setting "${text}"`,
    suggestion(text.replaceAll('-', '_'), SETTING_KEYS) ?? 'queuectl config list shows all settings',
  )
}

/** The value in a form that `config set` accepts. */
const shown = (value: unknown) => (value === null ? 'none' : String(value))

/** The value for people: `1d`, `64.0 MiB`. */
function readable(key: SettingKey, value: unknown): string {
  if (typeof value !== 'number') return shown(value)
  const { kind } = SETTINGS[key]
  if (kind === 'duration') return formatDuration(value)
  return kind === 'bytes' ? bytes(value) : shown(value)
}
