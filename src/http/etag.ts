/**
 * The entity tag of a version (RFC 9110, section 8.8.3). A version's ID is whatever its writer chose: where it has characters
 * that a tag must not have, a percent sign, or a comma, which parts tags in a list, it is percent-encoded.
 */
export const toETag = (versionId: string): string =>
  `"${/^[!#$&-+\--~]*$/.test(versionId) ? versionId : encodeURIComponent(versionId)}"`

/** The ID of the version that an entity tag of ours is for. */
export function fromETag (opaque: string): string {
  try {
    return decodeURIComponent(opaque)
  } catch {
    return opaque
  }
}

/** Whether an `If-None-Match` names the version; compared weakly, as RFC 9110 (section 13.1.2) has it. */
export function matchesETag (ifNoneMatch: string | undefined, versionId: string): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes('*') || tags.includes(toETag(versionId))
}
