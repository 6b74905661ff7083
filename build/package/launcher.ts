import { getRawAsset } from 'node:sea'
import { launch } from '../launching.ts'

// The first lines of an executable. The program lies beside them as texts, with code that V8 has compiled from them at build time, not
// only what is compiled at load but the functions that a command calls: to compile them is half of what a short command costs
// beyond Node's own start. Node's own code cache of an executable has the former only (enqueue: 1.9 × `node -e 0`), and no two
// builds make the same one.

const [, , command = ''] = process.argv
launch({
  read: (name) => Buffer.from(getRawAsset(name)).toString('latin1'),
  compiled: (name) => (name === 'command' && asset(`code/command-${command}`)) || asset(`code/${name}`),
  filename: (name) => name,
})

function asset(name: string): Uint8Array | undefined {
  try {
    return new Uint8Array(getRawAsset(name))
  } catch {
    return undefined
  }
}
