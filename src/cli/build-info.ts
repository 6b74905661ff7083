import manifest from '../../package.json' with { type: 'json' }

// The build defines these. When run from the sources, they are undefined.
declare const QUEUECTL_VERSION: string | undefined
declare const QUEUECTL_COMMIT: string | undefined
declare const QUEUECTL_TARGET: string | undefined

/** This program's version. */
export const VERSION = typeof QUEUECTL_VERSION === 'string' ? QUEUECTL_VERSION : manifest.version

/** The commit of this build; null when run from the sources. */
export const COMMIT = typeof QUEUECTL_COMMIT === 'string' ? QUEUECTL_COMMIT : null

/** Identifies this build, even among builds of one version: a supervisor and its workers must be the same build. */
export const BUILD = COMMIT === null ? VERSION : `${VERSION} (${COMMIT})`

/** The build target: system and processor as in the executable's name, or `node`; null when run from the sources. */
export const TARGET = typeof QUEUECTL_TARGET === 'string' ? QUEUECTL_TARGET : null
