/**
 * Errors of a server after which the same call may succeed, by category and name of the server's own list
 * (https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml). One that has several categories stands
 * under the first. Left out: errors of transactions, which are not used; errors that servers send only to each other
 * (InternalOnly), except the two that were seen by clients; and 303 (SplitHorizonChange), which only a monitor's hello
 * gets and which is "Feature not supported" in Amazon DocumentDB.
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
  /** It is unknown whether the write was done. */
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
  /** 96 (OperationFailed) belongs here too, but is used for many other errors. */
  CursorInvalidatedError: { 43: 'CursorNotFound', 175: 'QueryPlanKilled', 314: 'ObjectIsBusy' },
  SnapshotError: {
    239: 'SnapshotTooOld',
    246: 'SnapshotUnavailable',
    250: 'StaleChunkHistory',
    272: 'MigrationConflict',
  },
  StaleShardVersionError: { 150: 'StaleEpoch', 13388: 'StaleConfig' },
  /** Without a category: an operation in progress ends, a lock is released. */
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

/** Categories sent by servers that can be reached, but are busy. */
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
 * A stored value has another type, or a document another form, than a write or the collection requires; each with the
 * expressions of ours that cause it. Codes without a name appear only in the server's sources
 * (src/mongo/db/exec/expression). The two of $add and $subtract became 14 with MongoDB 6.1.
 */
const UNFIT: Readonly<Record<number, string>> = {
  2: 'BadValue: $inc beyond 64 bits; any value that an operator does not accept',
  14: 'TypeMismatch: $add, $subtract, $inc',
  15: 'Overflow: $add beyond the last date',
  28: 'PathNotViable: a field below one that cannot have fields',
  121: 'DocumentValidationFailure: the validator of the collection',
  171: 'CannotIndexParallelArrays: two lists in one index',
  241: 'ConversionFailure: $toLong, $toDate',
  16554: '$add of neither number nor date',
  16556: '$subtract of neither number nor date',
  16612: '$add of two dates',
  16702: '$concat of a value that is not text',
  28664: '$concatArrays of a value that is not a list',
  28724: '$slice of a value that is not a list',
  28765: 'arithmetic with a value that is not a number',
}

/** The server, or another engine that speaks its protocol, does not have this feature: to try again is useless. */
const UNSUPPORTED: Readonly<Record<number, string>> = {
  59: 'CommandNotFound',
  /** In Amazon DocumentDB. */
  303: 'FeatureNotSupported',
  115: 'CommandNotSupported',
  148: 'ReadConcernMajorityNotEnabled',
  235: 'InternalErrorNotSupported',
  238: 'NotImplemented',
  376: 'ChangeStreamNotEnabled',
  40324: 'unrecognized pipeline stage',
  /** Such a server can become a member of one, but has to restart for it. */
  40573: '$changeStream is only for members of a replica set',
}

const passing = new Set(Object.values(PASSING).flatMap(codesOf))
const answered = new Set(ANSWERED.flatMap((category) => codesOf(PASSING[category] ?? {})))
const unfit = new Set(codesOf(UNFIT))
const unsupported = new Set(codesOf(UNSUPPORTED))

function codesOf(names: Readonly<Record<number, string>>): number[] {
  return Object.keys(names).map(Number)
}

/** Whether the same call may succeed a moment later, by the code of an error. */
export const isPassingCode = (code: number) => passing.has(code)

/** Whether a server that sends this passing error can be reached. */
export const isAnswer = (code: number) => answered.has(code)

/** Whether a stored value is the cause, by the code of an error. */
export const isUnfitCode = (code: number) => unfit.has(code)

/** Whether the server lacks the feature, by the code of an error. */
export const isUnsupportedCode = (code: number) => unsupported.has(code)
