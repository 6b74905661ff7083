import { closeSync, fsyncSync, linkSync, openSync, renameSync, unlinkSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { invalid } from '../../domain/errors.ts'
import { randomWord } from '../../domain/ids.ts'

/** What SQLite keeps beside a database. */
export const COMPANIONS = ['-wal', '-shm', '-journal'] as const

/** A file in the making, beside the place that it is meant for; for its owner only. Gone when this process ends. */
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
   * Takes it to its place, once it is on disk as a whole. Throws `invalid_input` when something is there and `replace` does not allow
   * to write over it.
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

  /** Unlike a rename a link never takes the place of what is there. False: this file system has no links. */
  #link(): boolean {
    try {
      linkSync(this.path, this.#target)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw taken(this.#target)
      return false
    }
  }
}

/** The error for a file that nobody said may be written over. */
export function taken(file: string): Error {
  return invalid(`${file} is there already`, 'choose another name, or write over it: --force')
}

function sync(path: string): void {
  const fd = openSync(path, 'r+')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** The name is as durable as the file. Not every system opens folders; those that do not see to it themselves. */
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
    // Not there, or in its place already.
  }
}
