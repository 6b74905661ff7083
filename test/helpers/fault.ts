import { fileURLToPath } from 'node:url'

type Fault = 'clock' | 'death-at-boot' | 'hang-at-boot' | 'hang-at-signal'

/**
 * The environment that makes the program fail as test/fixtures/fault.ts describes. It works for the sources, not for an
 * executable.
 */
export function faultEnvironment(fault: Fault, file = ''): Record<string, string> {
  const fixture = fileURLToPath(new URL('../fixtures/fault.ts', import.meta.url))
  return { NODE_OPTIONS: `--import=${fixture}`, TEST_FAULT: `${fault} ${file}`.trim() }
}
