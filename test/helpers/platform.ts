import { createPlatform } from '../../src/platform/create-platform.ts'
import type { sendSignal } from '../../src/platform/kill.ts'
import { platform } from '../../src/platform/platform.ts'
import type { ProcessTable } from '../../src/platform/process-table.ts'
import { procfs } from '../../src/platform/procfs.ts'

/** This Linux, except for the processes and the effect of signals that `table` defines. */
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
