import manifest from '../../package.json' with { type: 'json' }

// Put in by the build; from the sources none of them is there.
declare const QUEUECTL_VERSION: string | undefined
declare const QUEUECTL_COMMIT: string | undefined
declare const QUEUECTL_TARGET: string | undefined

/** This program's version. */
export const VERSION = typeof QUEUECTL_VERSION === 'string' ? QUEUECTL_VERSION : manifest.version

/** Commit that the program was built from; null when run from the sources. */
export const COMMIT = typeof QUEUECTL_COMMIT === 'string' ? QUEUECTL_COMMIT : null

/** Tells this program from others, of the same version even: a supervisor and its workers must be one. */
export const BUILD = COMMIT === null ? VERSION : `${VERSION} (${COMMIT})`

/** What it was built for: a system and its processor, as in the executable's name, or `node`; null when run from the sources. */
export const TARGET = typeof QUEUECTL_TARGET === 'string' ? QUEUECTL_TARGET : null
