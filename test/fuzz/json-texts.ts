import fc from 'fast-check'

const KEYS = [
  ...['id', 'command', 'queue', 'priority', 'run_at', 'delay', 'max_retries', 'max-retries', 'max_interruptions'],
  ...[
    'backoff_base',
    'backoff_max',
    'timeout',
    'shell',
    'cwd',
    'env',
    'state',
    'created_at',
    'next_run_at',
    'exit_code',
  ],
  ...['__proto__', 'constructor', 'toString', '$where', '$gt', 'a.b', '', 'Command', 'lease_token', 'insert_token'],
]

// As text: other programs may write what JSON.stringify never writes.
const SCALARS = [
  ...['null', 'true', 'false', '0', '-0', '-1', '1.5', '1e3', '1e400', '-1e400', '1E-400', '9007199254740993'],
  ...['123456789012345678901234567890', '2147483648', '01', '.5', '+1', '0x10', 'NaN', 'Infinity', 'undefined'],
  ...[
    '""',
    '" "',
    '"a"',
    '"5m"',
    '"none"',
    '"2126-01-31"',
    '"pending"',
    '"default"',
    '"/"',
    '"."',
    '"../x"',
    '"$HOME"',
  ],
  ...[
    '"\\u0000"',
    '"a\\u0000b"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\uffff"',
    '"\\u202e"',
    '"\\u001b[2J"',
    '"\\x41"',
    "'a'",
  ],
  ...[
    '"\u0000"',
    '"\n"',
    '"ü🎉"',
    '"',
    '"\\',
    '{}',
    '[]',
    '{"$ne":null}',
    '{"A":"b"}',
    '{"A":1}',
    '{"":"x"}',
    '{"__proto__":"x"}',
  ],
  ...['{"A=":"b"}', '{"A\\u0000":"b"}', '{"A":"\\u0000"}', '{"a.b":"$c"}', '["A=b"]', '[[[[]]]]'],
]

const long = fc.constantFrom(
  `"${'x'.repeat(65_536)}"`,
  `"${'x'.repeat(65_537)}"`,
  `"${'ü'.repeat(40_000)}"`,
  `{"A":"${'x'.repeat(32_768)}"}`,
  `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
  '['.repeat(50_000),
  '{"a":'.repeat(20_000),
)

const scalar = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...SCALARS) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }).map((text) => JSON.stringify(text)) },
  { weight: 2, arbitrary: fc.json({ maxDepth: 3 }) },
  { weight: 1, arbitrary: long },
)

/** Valid values, so that invalid ones are not always second. */
const FITTING = new Map([
  ['command', ['"true"', '"echo \\"ü\\" && x"', '"$HOME \\t \\u001b[0m"']],
  ['id', ['"a"', '"b"', '"x.y_z-1"']],
  ['queue', ['"default"', '"q"']],
  ['priority', ['0', '-5', '2147483647']],
  ['delay', ['0', '1.5', '"5m"']],
  ['timeout', ['null', '0.001', '"10s"']],
  ['max_retries', ['0', '100']],
  ['backoff_base', ['0', '2', '1e3']],
  ['cwd', ['null', '"."']],
  ['env', ['null', '{}', '{"A":"$b","C.D":"\\u001b"}']],
])

const member = fc.constantFrom(...KEYS).chain((key) => {
  const fitting = FITTING.get(key)
  const value = fitting
    ? fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...fitting) }, { weight: 1, arbitrary: scalar })
    : scalar
  return value.map((text) => `${JSON.stringify(key)}:${text}`)
})

const fittingMember = fc.constantFrom(...FITTING).chain(([key, texts]) => {
  return fc.constantFrom(...texts).map((text) => `${JSON.stringify(key)}:${text}`)
})

const object = fc
  .record({
    command: fc.constantFrom('"command":"true"', '"command":"echo ü"', ''),
    members: fc.oneof(
      { weight: 2, arbitrary: fc.uniqueArray(fittingMember, { maxLength: 4, selector: (text) => text.split(':')[0] }) },
      { weight: 3, arbitrary: fc.array(member, { maxLength: 4 }) },
    ),
  })
  .map(({ command, members }) => `{${[command, ...members].filter((text) => text !== '').join(',')}}`)

/** A text with a part removed or inserted anywhere. */
const broken = fc
  .record({
    text: object,
    at: fc.nat(),
    cut: fc.nat({ max: 3 }),
    put: fc.constantFrom('', '{', '"', '\\', ',', '\u0000', '\ufeff', '//'),
  })
  .map(({ text, at, cut, put }) => {
    const place = at % (text.length + 1)
    return text.slice(0, place) + put + text.slice(place + cut)
  })

/** JSON for a job: valid, nearly valid, or anything. */
export const anyJob = fc.oneof(
  { weight: 8, arbitrary: object },
  { weight: 2, arbitrary: broken },
  { weight: 1, arbitrary: scalar },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
)

/** A file of lines, and how many of them are jobs; null: it is not text. */
export const anyFile = fc
  .record({
    lines: fc.array(
      fc.oneof(
        { weight: 4, arbitrary: anyJob },
        {
          weight: 2,
          arbitrary: fc.constantFrom('echo two', '  # none  ', 'a\u2028b', '-', '\u001b[2J', 'a\u0000b', '\ud800'),
        },
        { weight: 1, arbitrary: fc.constantFrom('', ' ', '\t') },
        { weight: 1, arbitrary: fc.constantFrom('x'.repeat(300_000), `{"command":"${'x'.repeat(300_000)}"}`) },
      ),
      { maxLength: 6 },
    ),
    newline: fc.constantFrom('\n', '\r\n'),
    last: fc.boolean(),
    encoding: fc.constantFrom('utf8', 'utf8', 'bom', 'utf16', 'broken'),
    at: fc.nat(),
  })
  .map(({ lines, newline, last, encoding, at }) => {
    const plain = lines.map((line) => line.replace(/[\r\n]/g, ' '))
    const text = plain.join(newline) + (last ? newline : '')
    const jobs = plain.filter((line) => line.trim() !== '').length
    if (encoding === 'utf16') return { bytes: Buffer.from(`\ufeff${text}`, 'utf16le'), jobs }
    const bytes = Buffer.from(encoding === 'bom' ? `\ufeff${text}` : text)
    if (encoding !== 'broken') return { bytes, jobs }
    const place = at % (bytes.length + 1)
    // This byte occurs nowhere in UTF-8.
    return { bytes: Buffer.concat([bytes.subarray(0, place), Buffer.from([0xff]), bytes.subarray(place)]), jobs: null }
  })
