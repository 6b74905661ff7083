import { createPlatform } from '../../src/platform/create-platform.ts'
import type { sendSignal } from '../../src/platform/kill.ts'
import { platform } from '../../src/platform/platform.ts'
import type { ProcessTable } from '../../src/platform/process-table.ts'
import { procfs } from '../../src/platform/procfs.ts'

/** This Linux as it is, but for what `table` says of its processes and what becomes of signals. */
export function platformWith(table: Partial<ProcessTable>, send: typeof sendSignal) {
  const { start, unrunnable, commandLine, json_hint, dataFolder, untrustedFileSystem } = platform
  return createPlatform({
    table: { ...procfs, ...table },
    has_signals: true,
    send,
    start,
    unrunnable,
    commandLine,
    json_hint,
    dataFolder,
    untrustedFileSystem,
  })
}
