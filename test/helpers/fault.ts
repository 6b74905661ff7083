import { fileURLToPath } from 'node:url'

type Fault = 'clock' | 'death-at-boot' | 'hang-at-boot' | 'hang-at-signal'

/** The environment in which the program goes wrong as test/fixtures/fault.ts has it. It reaches the sources, and no executable. */
export function faultEnvironment(fault: Fault, file = ''): Record<string, string> {
  const fixture = fileURLToPath(new URL('../fixtures/fault.ts', import.meta.url))
  return { NODE_OPTIONS: `--import=${fixture}`, TEST_FAULT: `${fault} ${file}`.trim() }
}
