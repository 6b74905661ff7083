const PLAIN = /^[A-Za-z0-9_./:=@%+,-]+$/
/** At the beginning of a command these mean something else to sh: assignments and reserved words (POSIX.1-2024, XCU 2.4). */
const SPECIAL_FIRST = /=|^(?:if|then|else|elif|fi|do|done|case|esac|while|until|for|in)$/

/** One command line from which sh reads exactly `words`. */
export function shQuote(words: readonly string[]): string {
  return words.map((word, index) => (isPlain(word, index) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')
}

function isPlain(word: string, index: number): boolean {
  return PLAIN.test(word) && !(index === 0 && SPECIAL_FIRST.test(word))
}

const PLAIN_FOR_WINDOWS = /^[A-Za-z0-9_./\\:=@+,-]+$/
/** What cmd.exe reads between quotes too, or would take a quote in the word for the end of. */
const CMD_SPECIAL = /["%!^]/

/**
 * One command line from which cmd.exe gives a program exactly `words`. Programs split their command line themselves, mostly as
 * Microsoft's C library does: a quote is escaped by a backslash, backslashes before a quote are doubled. Where cmd.exe would meddle
 * with that, its own escape stands before everything that means something to it, quotes included.
 */
export function cmdQuote(words: readonly string[]): string {
  return words
    .map((word) => {
      if (PLAIN_FOR_WINDOWS.test(word)) return word
      const quoted = `"${word.replace(/(\\*)("|$)/g, (_, slashes, quote) => `${slashes}${slashes}${quote && '\\"'}`)}"`
      return CMD_SPECIAL.test(word) ? quoted.replace(/[()%!^"<>&|]/g, '^$&') : quoted
    })
    .join(' ')
}

/** One command line from which PowerShell reads exactly `words`, the first of them a program or command. */
export function powershellQuote(words: readonly string[]): string {
  const quoted = words.map((word) =>
    PLAIN_FOR_WINDOWS.test(word) && !/^@|,/.test(word) ? word : `'${word.replaceAll("'", "''")}'`,
  )
  return quoted[0]?.startsWith("'") ? `& ${quoted.join(' ')}` : quoted.join(' ')
}
