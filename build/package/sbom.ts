import { createHash } from 'node:crypto'
import { ROOT, version } from '../program.ts'
import { NODE_VERSION, type Target } from './targets.ts'
import { npm } from './tools.ts'

/**
 * The contents of the executables as a CycloneDX document: npm's own list of the packages inside, and the Node of each
 * target. `time` in seconds since 1970. npm's random serial number is replaced by one derived from the content.
 */
export function sbom(targets: readonly Target[], time: number): string {
  const args = ['sbom', '--sbom-format=cyclonedx', '--omit=dev', '--package-lock-only', '--sbom-type=application']
  const document = JSON.parse(npm(args, { cwd: ROOT }))
  document.metadata.timestamp = new Date(time * 1000).toISOString()
  // npm uses the folder's name.
  Object.assign(document.metadata.component, { name: 'queuectl', version: version() })
  document.components.push(...targets.map(nodeOf))
  delete document.serialNumber
  const digest = createHash('sha256').update(JSON.stringify(document)).digest('hex')
  document.serialNumber = `urn:uuid:${uuidOf(digest)}`
  return `${JSON.stringify(document, null, 2)}\n`
}

function nodeOf({ name, node_package, integrity }: Target): unknown {
  const content = Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex')
  const purl = `pkg:npm/${node_package}@${NODE_VERSION}`
  return {
    'bom-ref': `${node_package}@${NODE_VERSION}`,
    type: 'platform',
    name: node_package,
    version: NODE_VERSION,
    scope: 'required',
    description: `Node.js for ${name}, with SQLite inside`,
    purl,
    hashes: [{ alg: 'SHA-512', content }],
    licenses: [{ license: { id: 'MIT' } }],
  }
}

/** A UUID of version 8, derived from a digest (RFC 9562). */
function uuidOf(hex: string): string {
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)]
  return parts.join('-')
}
