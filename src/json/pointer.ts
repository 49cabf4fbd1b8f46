/** The maximum length of a member's name in a pointer. Names may come from a request and be very long, so they are cut off. */
const maximumLength = 128

/** Returns a member's name as a reference token of a JSON pointer (RFC 6901), shortened if it is long. */
export const pointerToken = (name: string): string => name.slice(0, maximumLength).replaceAll('~', '~0').replaceAll('/', '~1')

/**
 * Returns the reference tokens of a JSON pointer (RFC 6901). Returns undefined for any other text, and for the empty pointer,
 * which points to the whole document.
 */
export function pointerTokens (text: string): string[] | undefined {
  if (!/^(?:\/(?:[^~/]|~[01])*)+$/.test(text)) return undefined
  return text.slice(1).split('/').map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Returns the JSON pointer (RFC 6901) to the value at the end of a path of members' names and items' indexes. */
export const pointerTo = (path: readonly (string | number)[]): string => path.map((part) => `/${pointerToken(String(part))}`).join('')
