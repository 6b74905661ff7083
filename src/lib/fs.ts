import { chmodSync, constants, lstatSync, mkdirSync, openSync } from 'node:fs'
import path from 'node:path'
import { ioError, misconfigured } from '../domain/errors.ts'

/** Only the owner reads what jobs print, and the queue itself. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/**
 * Creates `folder` and those above it, for the owner only; what exists keeps its mode. Throws `io` when that fails, and
 * `configuration` when something else stands there, a link included, or when others own it or may write to it.
 */
export function ensureFolder(folder: string): void {
  try {
    // Mode is subject to the umask: what was made just now gets it exactly.
    const made = mkdirSync(folder, { recursive: true, mode: FOLDER_MODE })
    if (made !== undefined) chmodSync(folder, FOLDER_MODE)
  } catch (error) {
    throw ioError(`cannot create the folder ${folder}: ${(error as Error).message}`)
  }
  const stat = lstatSync(folder)
  if (!stat.isDirectory()) throw misconfigured(`${folder} is not a folder`, 'remove it; queuectl makes its own')
  const uid = process.getuid?.()
  if (uid !== undefined && uid !== 0 && stat.uid !== uid) {
    throw misconfigured(`the folder ${folder} belongs to another user`, 'choose another store with --db')
  }
  if (uid !== undefined && (stat.mode & 0o022) !== 0) {
    throw misconfigured(`other users may write to the folder ${folder}`, `chmod go-w ${folder}`)
  }
}

/**
 * Opens the log at `file` for appending, made for the owner only, with its folder. A link in its place is refused: it may lead anywhere.
 * With `root` the folders from there down are checked as `ensureFolder` does. Throws `io` or `configuration`.
 */
export function openLog(file: string, root: string = path.dirname(file)): number {
  const folder = path.dirname(file)
  if (!known_folders.has(folder)) ensureFolders(root, folder)
  try {
    return openAppend(file, folder, root)
  } catch (error) {
    throw ioError(`cannot open the log ${file}: ${(error as Error).message}`)
  }
}

/** Folders that this process has checked: logs are opened a thousand times a second. */
const known_folders = new Set<string>()

function openAppend(file: string, folder: string, root: string): number {
  const { O_APPEND, O_CREAT, O_RDWR, O_NOFOLLOW = 0 } = constants
  const open = () => openSync(file, O_APPEND | O_CREAT | O_RDWR | O_NOFOLLOW, FILE_MODE)
  try {
    return open()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    // Somebody tidied up since.
    ensureFolders(root, folder)
    return open()
  }
}

function ensureFolders(root: string, folder: string): void {
  const steps = path.relative(root, folder).split(path.sep).filter(Boolean)
  for (let at = root, step = 0; ; at = path.join(at, steps[step++] ?? '')) {
    ensureFolder(at)
    if (step === steps.length) break
  }
  known_folders.add(folder)
}
