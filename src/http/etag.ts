/**
 * Returns the entity tag of a version (RFC 9110, section 8.8.3). Writers choose version IDs freely, so an ID is percent-encoded
 * if it contains a percent sign, a comma (which separates tags in a list), or a character that is not allowed in an entity tag.
 */
export const toETag = (versionId: string): string =>
  `"${/^[!#$&-+\--~]*$/.test(versionId) ? versionId : encodeURIComponent(versionId)}"`

/** Returns the version ID in an entity tag that `toETag` created. `opaque` is the tag without its quotes. */
export function fromETag (opaque: string): string {
  try {
    return decodeURIComponent(opaque)
  } catch {
    return opaque
  }
}

/** Returns true if `If-None-Match` names the version. Uses the weak comparison, as RFC 9110 (section 13.1.2) requires. */
export function matchesETag (ifNoneMatch: string | undefined, versionId: string): boolean {
  if (ifNoneMatch === undefined) return false
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes('*') || tags.includes(toETag(versionId))
}
