/** Commands that only look, which a user with the role `read` may run. `doctor` is none: it may try what the server can. */
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
/** Options of the program itself that take a word. */
const WITH_WORD = ['--db']

/** Whether a process of those arguments is a command of the program that only looks. */
export function isLook(argv: readonly string[]): boolean {
  const [, program = '', ...args] = argv
  if (!program.endsWith('main.ts')) return false
  const words = args.filter((word, at) => !word.startsWith('-') && !WITH_WORD.includes(args[at - 1] ?? ''))
  return LOOKS.some((look) => words.join(' ').startsWith(`${look} `) || words.join(' ') === look)
}
