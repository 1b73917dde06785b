/** Text from elsewhere on its way into an event or a message: well-formed, one line, bounded. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
const LONGEST = 500;

/** At most 500 UTF-16 units; lone surrogates become U+FFFD, control characters blanks. */
export const plainText = (text: string): string =>
  text.slice(0, LONGEST).toWellFormed().replace(CONTROL, " ");
