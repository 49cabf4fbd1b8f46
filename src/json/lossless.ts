declare global {
  interface JSON {
    /** ES2026: a number that `JSON.stringify` writes as it is. */
    rawJSON: (text: string) => object
    isRawJSON: (value: unknown) => boolean
  }
}

/**
 * A stored text's JSON, its numbers as they are written: `JSON.stringify` gives each back to the last digit.
 *
 * @returns undefined for what is no JSON, or nests too deep to be walked
 */
export function parseLossless (text: string): unknown {
  try {
    return JSON.parse(text, (_key, member: unknown, context?: { source?: string }) =>
      typeof member === 'number' ? JSON.rawJSON(context?.source ?? String(member)) : member)
  } catch {
    return undefined
  }
}
