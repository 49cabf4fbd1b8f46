import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { parseJson } from '#src/http/json'
import type { BodySchema } from '#src/http/numbers'
import { invalidRequest, Problem } from '#src/problems/problem'

/** The media types of request bodies. A route accepts only the first, unless its schema's `consumes` lists others. */
const mediaTypes = ['application/json', 'application/merge-patch+json']

/** Parses request bodies, which must be JSON in UTF-8. A route without a body schema refuses a body instead of ignoring it. */
export default fp(async (fastify) => {
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser(mediaTypes, { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    if (body.length === 0 && !acceptsBody(request)) return undefined
    if (!acceptsMediaType(request, request.headers['content-type'] ?? '')) throw new Problem('unsupported-media-type')
    const content = parseJson(body, request.routeOptions.schema?.body as BodySchema | undefined)
    if (!acceptsBody(request)) throw invalidRequest({ in: 'body', pointer: '', message: 'is not taken by this route' })
    return content
  })
}, { name: 'body' })

const acceptsBody = ({ routeOptions: { schema } }: FastifyRequest): boolean => schema?.body !== undefined

function acceptsMediaType ({ routeOptions: { schema } }: FastifyRequest, contentType: string): boolean {
  const [mediaType = '', ...parameters] = contentType.toLowerCase().split(';').map((part) => part.trim())
  const isUtf8 = parameters.every((parameter) => !parameter.startsWith('charset=') || /^charset="?utf-8"?$/.test(parameter))
  return isUtf8 && (schema?.consumes ?? mediaTypes.slice(0, 1)).includes(mediaType)
}
