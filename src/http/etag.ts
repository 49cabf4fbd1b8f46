/** The entity tag of a version (RFC 9110, section 8.8.3). */
export const toETag = (versionId: string): string => `"${versionId}"`

/** Whether an `If-None-Match` names the version; compared weakly, as RFC 9110 (section 13.1.2) has it. */
export function matchesETag (ifNoneMatch: string | undefined, versionId: string): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes('*') || tags.includes(toETag(versionId))
}
