/** The codes of the characters that have a meaning in JSON. */
export const character = {
  quote: 0x22, comma: 0x2c, minus: 0x2d, point: 0x2e, zero: 0x30, nine: 0x39, colon: 0x3a, upperE: 0x45, openArray: 0x5b,
  backslash: 0x5c, closeArray: 0x5d, lowerE: 0x65, lowerU: 0x75, openObject: 0x7b, closeObject: 0x7d
} as const

/** Returns the position of the next character that is not white space, or the end of the text. */
export function skipSpace (text: string, start: number): number {
  let position = start
  let code = text.charCodeAt(position)
  while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = text.charCodeAt(++position)
  return position
}

const escape = /\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/y

/**
 * Returns the position after a string's closing quote, or -1 if the string is not valid JSON.
 *
 * @param start the position of the opening quote
 */
export function endOfString (text: string, start: number): number {
  let position = start + 1
  for (;;) {
    const code = text.charCodeAt(position)
    if (code === character.quote) return position + 1
    if (code === character.backslash) {
      escape.lastIndex = position
      if (!escape.test(text)) return -1
      position = escape.lastIndex
    } else if (code >= 0x20) position += 1
    // This is a control character or the end of the text, whose code is NaN. A string must not contain either.
    else return -1
  }
}

/** JavaScript writes integers of at most this many digits unchanged, unless they begin with a zero. */
const exactDigits = 15

/** Returns the position after a short integer, or -1 if there is no short integer at `start`. */
export function endOfShortInteger (text: string, start: number): number {
  const first = text.charCodeAt(start) === character.minus ? start + 1 : start
  let position = first
  let code = text.charCodeAt(position)
  if (!(code > character.zero && code <= character.nine)) return -1
  while (code >= character.zero && code <= character.nine) code = text.charCodeAt(++position)
  const isFraction = code === character.point || code === character.lowerE || code === character.upperE
  return isFraction || position - first > exactDigits ? -1 : position
}

const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y

/** Returns the position after a number, `true`, `false` or `null`, or -1 if there is none of these at `start`. */
export function endOfScalar (text: string, start: number): number {
  scalar.lastIndex = start
  return scalar.test(text) ? scalar.lastIndex : -1
}
