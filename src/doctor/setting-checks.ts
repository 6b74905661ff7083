import { type Diagnosis, fine, warning } from '../domain/diagnosis.ts'
import { allowed, fitsSetting, SETTINGS, type SettingKey } from '../domain/settings.ts'
import type { JobStore } from '../store/port.ts'

/** Checks the stored settings: something other than `config set` may have written them. */
export async function examineSettings(store: JobStore): Promise<Diagnosis[]> {
  const stored = await store.config()
  const findings = Object.entries(stored).flatMap(([key, value]): Diagnosis[] => {
    if (!Object.hasOwn(SETTINGS, key)) {
      return [warning('settings', `unknown setting "${key}"`, 'this version ignores it')]
    }
    if (fitsSetting(key as SettingKey, value)) return []
    const message = `${key} cannot be ${JSON.stringify(value)}: the default is used`
    const remedy = `set ${allowed(key as SettingKey)}: queuectl config set ${key} VALUE`
    return [warning('settings', message, remedy)]
  })
  return findings.length > 0 ? findings : [fine('settings', 'all valid')]
}
