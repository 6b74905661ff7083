import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { launch } from './launching.ts'

// The first lines of the npm package, next to the texts of the program, with what V8 has compiled before. Compiling is
// half of what a short command costs beyond Node's own start (enqueue: 2.1 × `node -e 0` without the cache, 1.5 × with
// it). Node's own compile cache keeps only what was compiled at load, not the functions that were called (1.9 ×).

/** A digest of the command line's text; defined by build/bundle.ts. */
declare const DIGEST: string

const filename = (name: string) => path.join(__dirname, name === 'licenses' ? 'THIRD-PARTY-LICENSES' : `${name}.cjs`)
const file = cacheFile()
const script = launch({
  read: (name) => readFileSync(filename(name), 'latin1'),
  // Read on each call and not kept: a supervisor would hold half a megabyte for its whole life.
  compiled: (name) => (file && name === 'command' ? readOwn(file) : undefined),
  filename,
})
// Undefined if there was no cached code to accept or reject.
if (file && script.cachedDataRejected !== false) process.on('exit', (code) => code === 0 && save(file))

/**
 * The file with this command's compiled code: each command has its own, with the functions that it calls. Undefined for
 * workers, which live long, and where the user has turned it off (Node's own switch) or has no folder.
 */
function cacheFile(): string | undefined {
  const [command = ''] = process.argv.slice(2)
  const folder = cacheFolder(process.env)
  if (process.env.QUEUECTL_WORKER || process.env.NODE_DISABLE_COMPILE_CACHE || !folder || !/^[a-z]+$/.test(command))
    return
  return path.join(folder, `${DIGEST}-${process.versions.v8}-${process.arch}-${command}`)
}

function cacheFolder(env: NodeJS.ProcessEnv): string | undefined {
  if (env.QUEUECTL_HOME) return path.join(env.QUEUECTL_HOME, 'cache')
  if (process.platform === 'win32') return env.LOCALAPPDATA && path.join(env.LOCALAPPDATA, 'queuectl', 'cache')
  if (process.platform === 'darwin') return env.HOME && path.join(env.HOME, 'Library', 'Caches', 'queuectl')
  const base = env.XDG_CACHE_HOME || (env.HOME && path.join(env.HOME, '.cache'))
  return base && path.join(base, 'queuectl')
}

/** The content of a file that only this user can have written, because its content is executed. */
function readOwn(name: string): Buffer | undefined {
  try {
    const fd = openSync(name, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
    try {
      const { uid, mode } = fstatSync(fd)
      const own = process.getuid ? uid === process.getuid() && (mode & 0o022) === 0 : true
      return own ? readFileSync(fd) : undefined
    } finally {
      closeSync(fd)
    }
  } catch {
    return undefined
  }
}

/**
 * Writes the file completely or not at all, on disk before it gets its name: V8 does not survive every damaged cache. A
 * failure costs only time.
 */
function save(name: string): void {
  const temporary = `${name}.${process.pid}`
  try {
    mkdirSync(path.dirname(name), { recursive: true, mode: 0o700 })
    const fd = openSync(temporary, 'wx', 0o600)
    try {
      writeSync(fd, script.createCachedData())
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(temporary, name)
  } catch {}
}
