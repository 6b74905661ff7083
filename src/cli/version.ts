import manifest from '../../package.json' with { type: 'json' }

// Put in by the bundle; from the sources neither is there.
declare const QUEUECTL_VERSION: string | undefined
declare const QUEUECTL_COMMIT: string | undefined

/** This program's version. */
export const VERSION = typeof QUEUECTL_VERSION === 'string' ? QUEUECTL_VERSION : manifest.version

/** Commit that the bundle was made from; null when run from the sources. */
export const COMMIT = typeof QUEUECTL_COMMIT === 'string' ? QUEUECTL_COMMIT : null
