import { readFileSync, writeFileSync } from 'node:fs'
import { signAdHoc } from './mach-o.ts'
import type { Target } from './targets.ts'
import { run } from './tools.ts'

/** Signs an executable for macOS ad hoc, without which an arm64 machine ends it at its start: by Apple's own tool where there is one. */
export function sign(file: string, { platform }: Target): void {
  if (platform !== 'macos') return
  if (process.platform === 'darwin') run('codesign', ['--force', '--sign', '-', file])
  else writeFileSync(file, signAdHoc(readFileSync(file), 'queuectl'))
}
