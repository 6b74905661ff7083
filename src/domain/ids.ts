// Crockford's base 32 in lower case: without i, l, o and u, so that IDs survive being read aloud and retyped.
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

/** A generated job ID: 60 random bits, short enough that its first letters identify it. */
export const newJobId = () => randomWord(12)

/** A fence, run or insert token: 100 random bits. */
export const newToken = () => randomWord(20)

/**
 * Whether `text` may be a token. Tokens are read from stored rows, which may contain anything, and become file names.
 */
export const isToken = (text: string) => /^[0-9a-z]{20}$/.test(text)

/** Describes what `isJobId` and `isQueueName` accept. */
export const NAME_RULE = '1 to 64 of A-Z a-z 0-9 . _ -'
const NAME = /^[A-Za-z0-9._-]{1,64}$/

/** Whether `id` is a valid job ID: 1 to 64 letters, digits, dots, underscores and hyphens. */
export const isJobId = (id: string) => NAME.test(id)

/** Whether `name` is a valid queue name: the same alphabet as IDs. */
export const isQueueName = isJobId
