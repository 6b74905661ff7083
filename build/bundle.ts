import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { LICENSES_FILE } from './licenses/licenses.ts'
import { bundled, defines, programTexts, ROOT } from './program.ts'

// Builds the contents of the npm package: dist/queuectl.cjs and the texts that it starts; the one with mongoose is
// loaded for a mongodb:// store only. An argument names another folder than dist.

const MINIMUM_NODE = 26

const folder = process.argv.slice(2).find((arg) => !arg.startsWith('-')) ?? `${ROOT}dist`
mkdirSync(folder, { recursive: true })
const { licenses, ...texts } = await programTexts('node')
for (const [name, text] of Object.entries(texts)) write(`${name}.cjs`, text, 0o644)
write(LICENSES_FILE, licenses, 0o644)
write('queuectl.cjs', await launcherText(texts.command), 0o755)

function launcherText(command: string): Promise<string> {
  return bundled({
    entryPoints: ['build/launch.ts'],
    define: defines({ DIGEST: createHash('sha256').update(command).digest('hex').slice(0, 12) }),
    banner: { js: `#!/usr/bin/env node\n${refuseOldNode(MINIMUM_NODE)}` },
  })
}

/** ES3 on purpose: any Node that can parse the file at all must get this far. */
function refuseOldNode(minimum: number): string {
  return (
    `if(parseInt(process.versions.node,10)<${minimum}){` +
    `process.stderr.write("queuectl: needs Node ${minimum} or newer, this is Node "+process.versions.node+"\\n");` +
    'process.exit(78)}'
  )
}

function write(name: string, text: string, mode: number): void {
  const file = path.join(folder, name)
  writeFileSync(file, text)
  chmodSync(file, mode)
  if (!process.argv.includes('--quiet'))
    console.log(`${path.relative('', file)}  ${(statSync(file).size / 1024).toFixed(0)} KiB`)
}
