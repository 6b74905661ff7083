const PLAIN = /^[A-Za-z0-9_./:=@%+,-]+$/
/** As the first word these mean something else to sh: assignments and reserved words (POSIX.1-2024, XCU 2.4). */
const SPECIAL_FIRST = /=|^(?:if|then|else|elif|fi|do|done|case|esac|while|until|for|in)$/

/** A command line that sh parses into exactly `words`. */
export function shQuote(words: readonly string[]): string {
  return words.map((word, index) => (isPlain(word, index) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')
}

function isPlain(word: string, index: number): boolean {
  return PLAIN.test(word) && !(index === 0 && SPECIAL_FIRST.test(word))
}

const PLAIN_FOR_WINDOWS = /^[A-Za-z0-9_./\\:=@+,-]+$/
/** What cmd.exe interprets between quotes too, and the quote itself. */
const CMD_SPECIAL = /["%!^]/

/**
 * A command line with which cmd.exe passes exactly `words` to a program. Programs split their command line themselves,
 * mostly as Microsoft's C library does: a backslash escapes a quote, and backslashes before a quote are doubled. Where
 * cmd.exe would interfere, its own escape precedes every special character, quotes included.
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

/** A command line that PowerShell parses into exactly `words`; the first one is a program or command. */
export function powershellQuote(words: readonly string[]): string {
  const quoted = words.map((word) =>
    PLAIN_FOR_WINDOWS.test(word) && !/^@|,/.test(word) ? word : `'${word.replaceAll("'", "''")}'`,
  )
  return quoted[0]?.startsWith("'") ? `& ${quoted.join(' ')}` : quoted.join(' ')
}
