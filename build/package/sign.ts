import { readFileSync, writeFileSync } from 'node:fs'
import { signAdHoc } from './mach-o.ts'
import type { Target } from './targets.ts'
import { run } from './tools.ts'

/**
 * Signs an executable for macOS ad hoc, by Apple's own tool if it exists. Without a signature an arm64 machine kills it
 * at its start.
 */
export function sign(file: string, { platform }: Target): void {
  if (platform !== 'macos') return
  if (process.platform === 'darwin') run('codesign', ['--force', '--sign', '-', file])
  else writeFileSync(file, signAdHoc(readFileSync(file), 'queuectl'))
}
