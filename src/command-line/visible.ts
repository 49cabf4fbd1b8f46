/** Control and format characters, separators of lines and paragraphs, and halves of surrogate pairs. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

const shortEscapes: Partial<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Escapes a character: each of its one or two UTF-16 units becomes an escape such as `\u001b`. */
const units = (character: string): string =>
  character.split('').map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')

/**
 * Replaces characters that control a terminal, and characters that reorder or hide text, by visible escapes such as `\u001b`.
 * Otherwise, text that others wrote could change what the user sees. Line breaks are replaced, too, so that such text can't
 * imitate lines of the program.
 */
export const visible = (text: string): string => text.replace(hidden, (character) => shortEscapes[character] ?? units(character))

/** Does the same as `visible`, but keeps line breaks. It is for text of several lines. */
export const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n')

/**
 * Does the same as `visible` for the output of `JSON.stringify`, but keeps line breaks. The JSON keeps its meaning, because the
 * replaced characters occur only inside strings.
 */
export const escapedJson = (json: string): string =>
  json.replace(hidden, (character) => character === '\n' ? character : units(character))
