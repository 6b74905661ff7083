import { chmodSync, constants, lstatSync, mkdirSync, openSync } from 'node:fs'
import path from 'node:path'
import { ioError, misconfigured } from '../domain/errors.ts'

/** Only the owner may read the queue and the output of jobs. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/**
 * Creates `folder` and its parents, for the owner only; existing folders keep their mode. Throws `io` when that fails,
 * and `configuration` when something else exists there, including a link, or when others own it or may write to it.
 */
export function ensureFolder(folder: string): void {
  try {
    // The mode is subject to the umask: a new folder gets the exact mode here.
    const made = mkdirSync(folder, { recursive: true, mode: FOLDER_MODE })
    if (made !== undefined) chmodSync(folder, FOLDER_MODE)
  } catch (error) {
    throw ioError(`cannot create the folder ${folder}: ${(error as Error).message}`)
  }
  const stat = lstatSync(folder)
  if (!stat.isDirectory()) throw misconfigured(`${folder} is not a folder`, 'remove it; queuectl creates its own')
  const uid = process.getuid?.()
  if (uid !== undefined && uid !== 0 && stat.uid !== uid) {
    throw misconfigured(`the folder ${folder} belongs to another user`, 'choose another store with --db')
  }
  if (uid !== undefined && (stat.mode & 0o022) !== 0) {
    throw misconfigured(`other users may write to the folder ${folder}`, `chmod go-w ${folder}`)
  }
}

/**
 * Opens the log at `file` for appending, created for the owner only, with its folder. A link in its place is refused:
 * it may lead anywhere. With `root` the folders from there down are checked as in `ensureFolder`. Throws `io` or
 * `configuration`.
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

/** Folders that this process has checked: logs are opened a thousand times per second. */
const known_folders = new Set<string>()

function openAppend(file: string, folder: string, root: string): number {
  const { O_APPEND, O_CREAT, O_RDWR, O_NOFOLLOW = 0 } = constants
  const open = () => openSync(file, O_APPEND | O_CREAT | O_RDWR | O_NOFOLLOW, FILE_MODE)
  try {
    return open()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    // The folder was deleted meanwhile.
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
