import { declaredLength } from '#src/http/declared-length'
import { acceptsMediaType } from '#src/http/media-types'
import { invalidRequest, Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/**
 * Refuses a body before it is read, if the headers already show that the route does not accept it: it has the wrong media type,
 * it is too long, or the route takes no body at all. The length of a chunked body is not known yet. If it turns out to be too
 * long, Fastify refuses it. If the route takes no body, plugins/body.ts refuses a chunked body that is not empty.
 */
export const refuseUnsuitableBody: Step = (request): undefined => {
  const { headers } = request
  const length = declaredLength(headers)
  const hasType = headers['content-type'] !== undefined
  if (length === 0 && !hasType) return
  const { schema, bodyLimit } = request.routeOptions
  const isExpected = schema?.body !== undefined
  if ((length > 0 || (isExpected && hasType)) && !acceptsMediaType(schema, headers['content-type'])) {
    throw new Problem('unsupported-media-type')
  }
  if (!Number.isFinite(length)) return
  if (length > 0 && !isExpected) throw invalidRequest({ in: 'body', pointer: '', message: 'is not supported by this route' })
  if (length > bodyLimit) throw new Problem('payload-too-large')
}
