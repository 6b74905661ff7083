/** The number of arguments of an operator of expressions: exact, or least and most. */
type Arity = number | readonly [least: number, most: number]

const ANY: Arity = [0, Number.POSITIVE_INFINITY]

const named = (arity: Arity, names: string): [string, Arity][] => names.split(' ').map((name) => [`$${name}`, arity])

/**
 * Operators of expressions whose arguments are a list, or a single value. Those of 6.0, the oldest supported server.
 */
export const ARITY: ReadonlyMap<string, Arity> = new Map([
  ...named(ANY, 'add multiply and or concat concatArrays mergeObjects setUnion setIntersection max min avg sum'),
  ...named(ANY, 'stdDevPop stdDevSamp'),
  ...named(1, 'abs ceil floor exp ln log10 sqrt not size isArray reverseArray first last arrayToObject objectToArray'),
  ...named(1, 'anyElementTrue allElementsTrue isNumber type toBool toDate toDecimal toDouble toInt toLong toObjectId'),
  ...named(1, 'toString toUpper toLower strLenBytes strLenCP bsonSize binarySize tsSecond tsIncrement meta'),
  ...named(1, 'year month week dayOfYear dayOfMonth dayOfWeek hour minute second millisecond isoWeek isoWeekYear'),
  ...named(1, 'isoDayOfWeek sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh degreesToRadians'),
  ...named(1, 'radiansToDegrees'),
  ...named(2, 'cmp eq ne gt gte lt lte divide mod pow subtract log atan2 in arrayElemAt split strcasecmp'),
  ...named(2, 'setDifference setIsSubset'),
  ...named(3, 'substr substrBytes substrCP'),
  ...named([2, Number.POSITIVE_INFINITY], 'ifNull setEquals'),
  ...named([1, 2], 'round trunc'),
  ...named([2, 3], 'range slice'),
  ...named([2, 4], 'indexOfArray indexOfBytes indexOfCP'),
])

/** Operators with named arguments: the required and the optional names. */
export const NAMED: Readonly<Record<string, { must: readonly string[]; may?: readonly string[] }>> = {
  $cond: { must: ['if', 'then', 'else'] },
  $switch: { must: ['branches'], may: ['default'] },
  $let: { must: ['vars', 'in'] },
  $map: { must: ['input', 'in'], may: ['as'] },
  $filter: { must: ['input', 'cond'], may: ['as', 'limit'] },
  $reduce: { must: ['input', 'initialValue', 'in'] },
  $zip: { must: ['inputs'], may: ['useLongestLength', 'defaults'] },
  $convert: { must: ['input', 'to'], may: ['onError', 'onNull'] },
  $dateAdd: { must: ['startDate', 'unit', 'amount'], may: ['timezone'] },
  $dateSubtract: { must: ['startDate', 'unit', 'amount'], may: ['timezone'] },
  $dateDiff: { must: ['startDate', 'endDate', 'unit'], may: ['timezone', 'startOfWeek'] },
  $dateTrunc: { must: ['date', 'unit'], may: ['binSize', 'timezone', 'startOfWeek'] },
  $dateToString: { must: ['date'], may: ['format', 'timezone', 'onNull'] },
  $dateToParts: { must: ['date'], may: ['timezone', 'iso8601'] },
  $dateFromString: { must: ['dateString'], may: ['format', 'timezone', 'onError', 'onNull'] },
  $getField: { must: ['field'], may: ['input'] },
  $setField: { must: ['field', 'input', 'value'] },
  $unsetField: { must: ['field', 'input'] },
  $trim: { must: ['input'], may: ['chars'] },
  $ltrim: { must: ['input'], may: ['chars'] },
  $rtrim: { must: ['input'], may: ['chars'] },
  $regexMatch: { must: ['input', 'regex'], may: ['options'] },
  $regexFind: { must: ['input', 'regex'], may: ['options'] },
  $regexFindAll: { must: ['input', 'regex'], may: ['options'] },
  $replaceOne: { must: ['input', 'find', 'replacement'] },
  $replaceAll: { must: ['input', 'find', 'replacement'] },
  $firstN: { must: ['input', 'n'] },
  $lastN: { must: ['input', 'n'] },
  $maxN: { must: ['input', 'n'] },
  $minN: { must: ['input', 'n'] },
  $sortArray: { must: ['input', 'sortBy'] },
  $rand: { must: [] },
}

/** Variables that the server defines. */
export const VARIABLES: ReadonlySet<string> = new Set(
  'ROOT CURRENT NOW CLUSTER_TIME REMOVE DESCEND PRUNE KEEP SEARCH_META'.split(' '),
)

/** Whether `text` names a variable of the server, perhaps with a path in it. */
export function namesVariable(text: unknown): boolean {
  return typeof text === 'string' && text.startsWith('$$') && VARIABLES.has(text.slice(2).split('.')[0] ?? '')
}
