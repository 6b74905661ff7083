import { existsSync } from 'node:fs'
import type { Target } from './targets.ts'
import { CACHE, exists, run } from './tools.ts'

/** Where `npm run package:signer` puts what it builds. */
export const SIGNER_ROOT = `${CACHE}/signer`
const BUILT_SIGNER = `${SIGNER_ROOT}/bin/rcodesign`

/**
 * Signs an executable for macOS ad hoc, without which an arm64 machine ends it at its start. Returns how; null where that is neither
 * needed nor possible.
 */
export function sign(file: string, { platform }: Target): 'codesign' | 'rcodesign' | null {
  if (platform !== 'macos') return null
  if (process.platform === 'darwin') {
    run('codesign', ['--force', '--sign', '-', file])
    return 'codesign'
  }
  const signer = existsSync(BUILT_SIGNER) ? BUILT_SIGNER : 'rcodesign'
  if (!exists(signer)) return null
  run(signer, ['sign', file])
  return 'rcodesign'
}

/** Whether the target needs a signature to start. */
export function needsSignature({ platform, arch }: Target): boolean {
  return platform === 'macos' && arch === 'arm64'
}
