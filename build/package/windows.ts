import { readFileSync, writeFileSync } from 'node:fs'
import { NtExecutable, NtExecutableResource, Resource } from 'resedit'
import { icon } from './icon.ts'

/**
 * Pixels. Together they take more room than Node's icon: resources that shrink leave a section larger in the file than in memory, which
 * pkg's tool for PE files does not understand.
 */
const ICON_SIZES = [16, 32, 48, 64, 128, 256]
const LANGUAGE = { lang: 1033, codepage: 1200 }

/**
 * Makes a Windows Node look like what it becomes: our icon and what the file's properties show. Also takes out Node's own signature,
 * which would not hold for the changed file.
 */
export function brand(file: string, version: string): void {
  const executable = NtExecutable.from(readFileSync(file), { ignoreCert: true })
  const resources = NtExecutableResource.from(executable)
  const [info] = Resource.VersionInfo.fromEntries(resources.entries)
  if (info === undefined) throw new Error(`${file} has no version resource`)
  info.removeStringValue(LANGUAGE, 'InternalName')
  // Numbers alone: of a pre-release resedit would make others.
  const [numbers = ''] = version.split('-')
  info.setFileVersion(numbers)
  info.setProductVersion(numbers)
  info.setStringValues(LANGUAGE, {
    FileDescription: 'A durable job queue for shell commands',
    ProductName: 'queuectl',
    CompanyName: 'queuectl',
    LegalCopyright: 'MIT License; contains Node.js, copyright Node.js contributors',
    OriginalFilename: 'queuectl.exe',
    ProductVersion: version,
  })
  info.outputToResourceEntries(resources.entries)
  for (const group of Resource.IconGroupEntry.fromEntries(resources.entries)) {
    Resource.IconGroupEntry.replaceIconsForResource(resources.entries, group.id, group.lang, ICON_SIZES.map(icon))
  }
  resources.outputResource(executable)
  writeFileSync(file, Buffer.from(executable.generate()))
}
