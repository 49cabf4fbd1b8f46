declare global {
  interface JSON {
    /** Wraps JSON text in an object. `JSON.stringify` writes this object as the unchanged text (ES2026). */
    rawJSON: (text: string) => RawJson
    isRawJSON: (value: unknown) => value is RawJson
  }
}

/** The JSON text of a number whose text JavaScript would change, such as `1.10`. */
export interface RawJson { readonly rawJSON: string }

/**
 * Parses JSON without changing the text of its numbers: `JSON.stringify` writes them back verbatim. A number whose text
 * JavaScript would change becomes a `RawJson`, and all others become ordinary numbers.
 *
 * @returns undefined if the JSON is invalid or nested too deeply
 */
export function parseLossless (text: string): unknown {
  try {
    return JSON.parse(text, (_key, member: unknown, context?: { source?: string }) =>
      typeof member === 'number' ? exactNumber(member, context?.source) : member)
  } catch {
    return undefined
  }
}

/** Returns the number in a form that `JSON.stringify` writes exactly as `source`, the number's text in JSON. */
export const exactNumber = (number: number, source = String(number)): number | RawJson =>
  JSON.stringify(number) === source ? number : JSON.rawJSON(source)

/** Returns true for a JSON object. Returns false for every other value, including lists and `RawJson`. */
export const isJsonObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value)
