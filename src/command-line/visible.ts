/** Control and format characters, separators of lines and paragraphs, and halves of surrogate pairs. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

const shortEscapes: Partial<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Writes a character as one or two UTF-16 units, such as `\u001b`. */
const units = (character: string): string =>
  character.split('').map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')

/**
 * Makes visible the characters that control a terminal, or that reorder or hide text: an escape character becomes `\u001b`.
 * Otherwise, text that others wrote could change what the user sees. Also escapes line breaks, so that such text can't look like
 * several lines of the program's own.
 */
export const visible = (text: string): string => text.replace(hidden, (character) => shortEscapes[character] ?? units(character))

/** Makes the same characters visible in text of several lines, except for the line breaks. */
export const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n')

/** Makes the same characters visible in JSON text. Its meaning stays the same, because they can stand only inside its strings. */
export const escapedJson = (json: string): string =>
  json.replace(hidden, (character) => character === '\n' ? character : units(character))
