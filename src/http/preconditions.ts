import { Type } from '@sinclair/typebox'
import { invalidRequest } from '#src/problems/problem'
import type { Precondition } from '#src/secrets/precondition'
import { fromETag } from './etag.ts'

/** The header of conditional writes to an existing secret (RFC 9110, section 13.1.1). */
export const IfMatch = {
  'if-match': Type.Optional(Type.String({
    description: 'The `ETag` of a version: write only if that one is still current, else 412. `*`: only if the secret exists',
    examples: ['"a1b2c3d4-5678-90ab-cdef-1234567890ab"']
  }))
}

/** The headers of conditional writes that may also create the secret. */
export const ConditionalHeaders = {
  ...IfMatch,
  'if-none-match': Type.Optional(Type.String({ pattern: '^\\*$', description: '`*`: write only if the secret does not exist, else 412' }))
}

interface Headers {
  'if-match'?: string | undefined
  'if-none-match'?: string | undefined
}

/**
 * Parses the precondition of a write.
 *
 * @throws Problem `invalid-request` if `If-Match` and `If-None-Match` are both present, or if `If-Match` is neither `*` nor
 * exactly one entity tag
 */
export function preconditionOf ({ 'if-match': ifMatch, 'if-none-match': ifNoneMatch }: Headers): Precondition {
  if (ifNoneMatch !== undefined) {
    if (ifMatch !== undefined) throw invalidHeader('if-none-match', 'must NOT be given together with If-Match')
    return { absent: true }
  }
  if (ifMatch === undefined) return {}
  if (ifMatch === '*') return { present: true }
  // A weak entity tag is valid but never matches, because If-Match requires the strong comparison.
  const [, weak, versionId] = /^(W\/)?"([!#-~]*)"$/.exec(ifMatch) ?? []
  if (versionId === undefined) throw invalidHeader('if-match', 'must be one entity tag, or *')
  return { present: true, ...(weak === undefined ? { versionId: fromETag(versionId) } : { versionId: '' }) }
}

const invalidHeader = (header: string, message: string): Error => invalidRequest({ in: 'header', pointer: `/${header}`, message })
