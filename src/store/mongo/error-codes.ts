/**
 * Errors of a server after which the same call may do, by the categories of its own list, and their names there
 * (https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml). One that is in several stands under the first.
 * Left out: what ends only transactions, which are not used; what servers say among themselves alone (InternalOnly), but for
 * those two that were seen outside; and 303 (SplitHorizonChange), which answers a monitor's hello alone and is Amazon DocumentDB's
 * "Feature not supported".
 */
const PASSING: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  NetworkError: {
    6: 'HostUnreachable',
    7: 'HostNotFound',
    89: 'NetworkTimeout',
    317: 'ConnectionPoolExpired',
    384: 'ConnectionError',
    9001: 'SocketException',
  },
  NotPrimaryError: {
    189: 'PrimarySteppedDown',
    10107: 'NotWritablePrimary',
    11602: 'InterruptedDueToReplStateChange',
    13435: 'NotPrimaryNoSecondaryOk',
    13436: 'NotPrimaryOrSecondary',
  },
  ShutdownError: { 91: 'ShutdownInProgress', 11600: 'InterruptedAtShutdown' },
  /** The write may have been done, or not. */
  WriteConcernError: { 64: 'WriteConcernTimeout', 79: 'UnknownReplWriteConcern', 100: 'UnsatisfiableWriteConcern' },
  SystemOverloadedError: {
    433: 'AdmissionQueueOverflow',
    449: 'RateLimitExceeded',
    450: 'PooledConnectionAcquisitionRejected',
    462: 'IngressRequestRateLimitExceeded',
  },
  RetriableError: {
    134: 'ReadConcernMajorityNotAvailableYet',
    262: 'ExceededTimeLimit',
    358: 'InternalTransactionNotSupported',
    402: 'ResourceExhausted',
    406: 'MigrationBlockingOperationCoordinatorCleaningUp',
    407: 'PooledConnectionAcquisitionExceededTimeLimit',
    412: 'UpdatesStillPending',
    453: 'InterruptedDueToReshardingCriticalSection',
    50915: 'BackupCursorOpenConflictWithCheckpoint',
    91331: 'RetriableRemoteCommandFailure',
    10045600: 'InterruptedDueToFCVChange',
  },
  Interruption: {
    24: 'LockTimeout',
    50: 'MaxTimeMSExpired',
    237: 'CursorKilled',
    279: 'ClientDisconnect',
    355: 'InterruptedDueToStorageChange',
    11601: 'Interrupted',
    46841: 'ClientMarkedKilled',
  },
  ExceededTimeLimitError: { 202: 'NetworkInterfaceExceededTimeLimit' },
  /** 96 (OperationFailed) is one of them too, but says anything. */
  CursorInvalidatedError: { 43: 'CursorNotFound', 175: 'QueryPlanKilled', 314: 'ObjectIsBusy' },
  SnapshotError: {
    239: 'SnapshotTooOld',
    246: 'SnapshotUnavailable',
    250: 'StaleChunkHistory',
    272: 'MigrationConflict',
  },
  StaleShardVersionError: { 150: 'StaleEpoch', 13388: 'StaleConfig' },
  /** Of no category: what is under way ends, what is locked comes free. */
  none: {
    46: 'LockBusy',
    94: 'NotYetInitialized',
    107: 'LockFailed',
    109: 'ConfigurationInProgress',
    112: 'WriteConflict',
    117: 'ConflictingOperationInProgress',
    133: 'FailedToSatisfyReadPreference',
    215: 'DatabaseDropPending',
    216: 'ElectionInProgress',
    249: 'StaleDbVersion',
    276: 'IndexBuildAborted',
    285: 'IndexBuildAlreadyInProgress',
    365: 'TemporarilyUnavailable',
    10058: 'LegacyNotPrimary',
    12586: 'BackgroundOperationInProgressForDatabase',
    12587: 'BackgroundOperationInProgressForNamespace',
  },
}

/** Of servers that do answer: they are in reach, and have something else to do. */
const ANSWERED = [
  'SystemOverloadedError',
  'RetriableError',
  'Interruption',
  'ExceededTimeLimitError',
  'CursorInvalidatedError',
  'SnapshotError',
  'none',
]

/**
 * A value is not of the type, or a document not of the form, that a write or the collection wants: by what says so of ours. Codes
 * without a name stand in the server's sources alone (src/mongo/db/exec/expression); the two of $add and $subtract became 14 with
 * MongoDB 6.1.
 */
const UNFIT: Readonly<Record<number, string>> = {
  2: 'BadValue: $inc beyond 64 bits; anything that is none of its values',
  14: 'TypeMismatch: $add, $subtract, $inc',
  15: 'Overflow: a date beyond all dates by $add',
  28: 'PathNotViable: a field below one that has none',
  121: 'DocumentValidationFailure: the check of the collection',
  171: 'CannotIndexParallelArrays: two lists in one index',
  241: 'ConversionFailure: $toLong, $toDate',
  16554: '$add of what is neither number nor date',
  16556: '$subtract of what is neither number nor date',
  16612: '$add of two dates',
  16702: '$concat of what is no text',
  28664: '$concatArrays of what is no list',
  28724: '$slice of what is no list',
  28765: 'arithmetic with what is no number',
}

/** A server, or what only seems to be MongoDB, that does not have what it was asked for, and will not tomorrow. */
const UNSUPPORTED: Readonly<Record<number, string>> = {
  59: 'CommandNotFound',
  /** Of Amazon DocumentDB. */
  303: 'FeatureNotSupported',
  115: 'CommandNotSupported',
  148: 'ReadConcernMajorityNotEnabled',
  235: 'InternalErrorNotSupported',
  238: 'NotImplemented',
  376: 'ChangeStreamNotEnabled',
  40324: 'unrecognized pipeline stage',
  /** Such a server may become a member of one, but is started anew for it. */
  40573: '$changeStream is only for members of a replica set',
}

const passing = new Set(Object.values(PASSING).flatMap(codesOf))
const answered = new Set(ANSWERED.flatMap((category) => codesOf(PASSING[category] ?? {})))
const unfit = new Set(codesOf(UNFIT))
const unsupported = new Set(codesOf(UNSUPPORTED))

function codesOf(names: Readonly<Record<number, string>>): number[] {
  return Object.keys(names).map(Number)
}

/** Whether the same call may do a moment later, by the code of an answer. */
export const isPassingCode = (code: number) => passing.has(code)

/** Whether a server with that passing answer is in reach. */
export const isAnswer = (code: number) => answered.has(code)

/** Whether something is stored that does not fit, by the code of an answer. */
export const isUnfitCode = (code: number) => unfit.has(code)

/** Whether the server will never do it, by the code of an answer. */
export const isUnsupportedCode = (code: number) => unsupported.has(code)
