import { type Diagnosis, fine, warning } from '../domain/diagnosis.ts'
import { allowed, fitsSetting, SETTINGS, type SettingKey } from '../domain/settings.ts'
import type { JobStore } from '../store/port.ts'

/** Settings that somebody wrote into the store by other means than `config set`. */
export async function examineSettings(store: JobStore): Promise<Diagnosis[]> {
  const stored = await store.config()
  const findings = Object.entries(stored).flatMap(([key, value]): Diagnosis[] => {
    if (!Object.hasOwn(SETTINGS, key)) {
      return [warning('settings', `"${key}" is no setting of this queuectl`, 'it has no effect')]
    }
    if (fitsSetting(key as SettingKey, value)) return []
    const message = `${key} cannot be ${JSON.stringify(value)}: its default is used`
    return [warning('settings', message, `it is ${allowed(key as SettingKey)}: queuectl config set ${key} VALUE`)]
  })
  return findings.length > 0 ? findings : [fine('settings', 'all fit')]
}
