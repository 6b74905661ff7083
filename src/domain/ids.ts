// Crockford's base 32 in lower case: no i, l, o, u, so that ids survive being read out and retyped.
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * A random word of `length` letters, 5 bits each. Math.random is enough: a token must be unique, not secret, and
 * loading node:crypto would cost every command a sixth of its start-up.
 */
export function randomWord(length: number): string {
  let word = ''
  for (let i = 0; i < length; i++) word += ALPHABET[Math.floor(Math.random() * 32)]
  return word
}

/** A made-up job id: 60 random bits, short enough that its first letters tell it apart. */
export const newJobId = () => randomWord(12)

/** A fence, run or insert token: 100 random bits. */
export const newToken = () => randomWord(20)

/** Whether that may be a token. Those that are read come from stored rows, where anything may stand, and become names of files. */
export const isToken = (text: string) => /^[0-9a-z]{20}$/.test(text)

/** In words, what `isJobId` and `isQueueName` accept. */
export const NAME_RULE = '1 to 64 of A-Z a-z 0-9 . _ -'
const NAME = /^[A-Za-z0-9._-]{1,64}$/

/** Whether `id` is usable as a job's id: 1 to 64 letters, digits, dots, underscores and hyphens. */
export const isJobId = (id: string) => NAME.test(id)

/** Whether `name` is usable as a queue's name: the same alphabet as ids. */
export const isQueueName = isJobId
