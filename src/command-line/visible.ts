/** Control and format characters, line and paragraph separators, and lone surrogates. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

const shortEscapes: Partial<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Escapes a character: each of its one or two UTF-16 units becomes an escape such as `\u001b`. */
const units = (character: string): string =>
  character.split('').map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')

/**
 * Replaces characters that control a terminal, and characters that reorder or hide text, by visible escapes such as `\u001b`.
 * Otherwise, text from other people could change what the user sees. Line breaks are replaced, too, so that such text can't
 * imitate the program's own lines.
 */
export const visible = (text: string): string => text.replace(hidden, (character) => shortEscapes[character] ?? units(character))

/** Does the same as `visible`, but keeps line breaks. For text of several lines. */
export const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n')

/**
 * Does the same as `visible` for the output of `JSON.stringify`, but keeps line breaks. The JSON keeps its meaning, because the
 * replaced characters occur only inside strings.
 */
export const escapedJson = (json: string): string =>
  json.replace(hidden, (character) => character === '\n' ? character : units(character))
