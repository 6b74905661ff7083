import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { bundled, defines, functionOf, mongooseText, programText, ROOT } from './program.ts'

// Makes what the npm package is: dist/queuectl.cjs, the whole program in one CommonJS file, and beside it dist/mongoose.cjs, which
// is loaded for a mongodb:// store. Another folder than dist may be named.

const MINIMUM_NODE = 26

const folder = process.argv.slice(2).find((arg) => !arg.startsWith('-')) ?? `${ROOT}dist`
mkdirSync(folder, { recursive: true })
await write('queuectl.cjs', await launchText(), 0o755)
await write('mongoose.cjs', await mongooseText(), 0o644)

/** The program behind the lines that start it. */
async function launchText(): Promise<string> {
  const program = functionOf(await programText('node'))
  const digest = createHash('sha256').update(program).digest('hex').slice(0, 12)
  return bundled({
    entryPoints: ['build/launch.ts'],
    external: ['./mongoose.cjs'],
    define: defines({ PROGRAM: program, PROGRAM_DIGEST: digest }),
    banner: { js: `#!/usr/bin/env node\n${refuseOldNode(MINIMUM_NODE)}` },
  })
}

/** ES3 on purpose: any Node that can read the file at all must get this far. */
function refuseOldNode(minimum: number): string {
  return (
    `if(parseInt(process.versions.node,10)<${minimum}){` +
    `process.stderr.write("queuectl: needs Node ${minimum} or newer, this is Node "+process.versions.node+"\\n");` +
    'process.exit(78)}'
  )
}

async function write(name: string, text: string, mode: number): Promise<void> {
  const file = path.join(folder, name)
  writeFileSync(file, text)
  chmodSync(file, mode)
  if (!process.argv.includes('--quiet'))
    console.log(`${path.relative('', file)}  ${(statSync(file).size / 1024).toFixed(0)} KiB`)
}
