declare global {
  interface JSON {
    /** Wraps JSON text in an object. `JSON.stringify` writes this object as the unchanged text (ES2026). */
    rawJSON: (text: string) => object
    isRawJSON: (value: unknown) => boolean
  }
}

/**
 * Parses JSON without losing any digits of its numbers, so that `JSON.stringify` writes them back verbatim.
 *
 * @returns undefined if the JSON is invalid or nested too deeply
 */
export function parseLossless (text: string): unknown {
  try {
    return JSON.parse(text, (_key, member: unknown, context?: { source?: string }) =>
      typeof member === 'number' ? JSON.rawJSON(context?.source ?? String(member)) : member)
  } catch {
    return undefined
  }
}
