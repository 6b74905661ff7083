import { getRawAsset } from 'node:sea'
import { launch } from '../launching.ts'

// The first lines of an executable. The program is stored next to them as texts, with code that V8 compiled from them
// at build time: not only what is compiled at load, but also the functions that a command calls. Compiling these is
// half of what a short command costs beyond Node's own start. Node's own code cache of an executable contains only the
// former (enqueue: 1.9 × `node -e 0`), and differs between any two builds.

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
