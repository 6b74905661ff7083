const PLAIN = /^[A-Za-z0-9_./:=@%+,-]+$/
/** At the beginning of a command these mean something else to sh: assignments and reserved words (POSIX.1-2024, XCU 2.4). */
const SPECIAL_FIRST = /=|^(?:if|then|else|elif|fi|do|done|case|esac|while|until|for|in)$/

/** One command line from which sh reads exactly `words`; a single word is taken as a command line already. */
export function commandLine(words: readonly string[]): string {
  if (words.length === 1) return words[0] ?? ''
  return words.map((word, index) => quote(word, index === 0)).join(' ')
}

function quote(word: string, first: boolean): string {
  if (PLAIN.test(word) && !(first && SPECIAL_FIRST.test(word))) return word
  return `'${word.replaceAll("'", "'\\''")}'`
}
