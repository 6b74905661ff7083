/**
 * Commands that only read, which a user with the role `read` may run. Not `doctor`: it may test the server with writes.
 */
const LOOKS = [
  'status',
  'list',
  'show',
  'logs',
  'wait',
  'audit',
  'worker list',
  'dlq list',
  'dlq show',
  'config list',
  'config get',
]
/** Options of the program itself that take a value. */
const WITH_WORD = ['--db']

/** Whether a process with those arguments is a command of the program that only reads. */
export function isLook(argv: readonly string[]): boolean {
  const [, program = '', ...args] = argv
  if (!program.endsWith('main.ts')) return false
  const words = args.filter((word, at) => !word.startsWith('-') && !WITH_WORD.includes(args[at - 1] ?? ''))
  return LOOKS.some((look) => words.join(' ').startsWith(`${look} `) || words.join(' ') === look)
}
