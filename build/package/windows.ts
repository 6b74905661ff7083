import { readFileSync, writeFileSync } from 'node:fs'
import { NtExecutable, NtExecutableResource, Resource } from 'resedit'
import { icon } from './icon.ts'

/**
 * In pixels. Together they need more space than Node's icon: if the resources shrink, a section is larger in the file
 * than in memory, which pkg's tool for PE files does not support.
 */
const ICON_SIZES = [16, 32, 48, 64, 128, 256]
const LANGUAGE = { lang: 1033, codepage: 1200 }

/**
 * Gives a Windows Node our icon and file properties. Also removes Node's own signature, which would be invalid for the
 * changed file.
 */
export function brand(file: string, version: string): void {
  const executable = NtExecutable.from(readFileSync(file), { ignoreCert: true })
  const resources = NtExecutableResource.from(executable)
  const [info] = Resource.VersionInfo.fromEntries(resources.entries)
  if (info === undefined) throw new Error(`${file} has no version resource`)
  info.removeStringValue(LANGUAGE, 'InternalName')
  // Numbers only: resedit would convert a pre-release to other ones.
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
