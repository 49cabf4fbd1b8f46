/** Returns true if `Prefer` contains `respond-async`. Other preferences are ignored, as RFC 7240 allows. */
export const prefersAsync = (prefer: string | undefined): boolean =>
  (prefer ?? '').split(',').some((preference) => /^\s*respond-async\s*(?:;|$)/i.test(preference))
