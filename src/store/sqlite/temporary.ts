import { closeSync, fsyncSync, linkSync, openSync, renameSync, unlinkSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { invalid } from '../../domain/errors.ts'
import { randomWord } from '../../domain/ids.ts'

/** The files that SQLite keeps next to a database. */
export const COMPANIONS = ['-wal', '-shm', '-journal'] as const

/** An unfinished file next to its target, private to its owner. Removed when this process exits. */
export class Temporary {
  readonly path: string
  readonly #target: string
  readonly #on_exit = () => this.remove()

  constructor(target: string) {
    this.#target = resolve(target)
    this.path = `${this.#target}.${randomWord(8)}.tmp`
    closeSync(openSync(this.path, 'wx', 0o600))
    process.once('exit', this.#on_exit)
  }

  /**
   * Moves it to its target, once it is completely on disk. Throws `invalid_input` when the target exists and `replace`
   * does not allow overwriting.
   */
  place(replace: boolean): void {
    sync(this.path)
    if (replace || !this.#link()) renameSync(this.path, this.#target)
    this.remove()
    syncFolder(dirname(this.#target))
  }

  remove(): void {
    process.off('exit', this.#on_exit)
    for (const end of ['', ...COMPANIONS]) removeQuietly(this.path + end)
  }

  /** Unlike a rename, a link never replaces an existing file. False: this file system has no links. */
  #link(): boolean {
    try {
      linkSync(this.path, this.#target)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw alreadyExists(this.#target)
      return false
    }
  }
}

/** The error for an existing file that may not be overwritten. */
export function alreadyExists(file: string): Error {
  return invalid(`${file} already exists`, 'choose another name, or overwrite it with --force')
}

function sync(path: string): void {
  const fd = openSync(path, 'r+')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Makes the name as durable as the file. Some systems cannot open folders; they do this themselves. */
function syncFolder(folder: string): void {
  try {
    const fd = openSync(folder, 'r')
    fsyncSync(fd)
    closeSync(fd)
  } catch {
    // Windows.
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // It does not exist, or is already at its target.
  }
}
