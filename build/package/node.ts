import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { NODE_VERSION, type Target } from './targets.ts'
import { CACHE, npm, run } from './tools.ts'

/**
 * The Node binary of a target, extracted to `folder` from its npm package, which npm downloads the first time. The
 * package is checked every time against the digest recorded for the target. Throws when it does not match.
 */
export function nodeBinary(target: Target, folder: string): string {
  const archive = `${target.node_package}-${NODE_VERSION}.tgz`
  const file = path.join(CACHE, archive)
  if (!existsSync(file)) {
    npm(['pack', `${target.node_package}@${NODE_VERSION}`, '--silent', '--pack-destination', CACHE], { cwd: CACHE })
  }
  const digest = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`
  if (digest !== target.integrity) {
    rmSync(file)
    throw new Error(`${archive} has the digest ${digest}, expected ${target.integrity}`)
  }
  // GNU tar would take the colon of a drive for that of a host name.
  copyFileSync(file, path.join(folder, archive))
  run('tar', ['-xzf', archive, 'package/bin'], { cwd: folder })
  return path.join(folder, 'package', 'bin', target.platform === 'win' ? 'node.exe' : 'node')
}
