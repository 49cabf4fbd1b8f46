/** Returns true if `Prefer` contains `respond-async`. Other preferences are ignored, as RFC 7240 allows. */
export const prefersAsync = (prefer: string | undefined): boolean => preference(prefer, 'respond-async') !== undefined

/**
 * Returns the seconds of the preference `wait`. Returns undefined if it is missing or invalid, because RFC 7240 says to ignore
 * it.
 */
export function waitIn (prefer: string | undefined): number | undefined {
  const { value } = preference(prefer, 'wait') ?? {}
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined
}

/**
 * Finds a preference by its name, which is case-insensitive. If it is repeated, the first one counts (RFC 7240, section 2).
 */
function preference (prefer: string | undefined, name: string): { value: string | undefined } | undefined {
  for (const text of (prefer ?? '').split(',')) {
    const [, found, token, quoted] = /^\s*([\w-]+)(?:\s*=\s*(?:([\w-]+)|"([^"]*)"))?\s*(?:;.*)?$/.exec(text) ?? []
    if (found?.toLowerCase() === name) return { value: token ?? quoted }
  }
  return undefined
}
