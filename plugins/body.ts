import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { invalidRequest, Problem } from '../src/errors.ts'
import { parseJson } from '../src/http/json.ts'

/** JSON in UTF-8 is the one form of a body, and is read strictly. A route that takes none does not take one silently. */
export default fp(async (fastify) => {
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    if (/;\s*charset=(?!"?utf-8"?\s*(;|$))/i.test(request.headers['content-type'] ?? '')) throw new Problem('unsupported-media-type')
    return body.length === 0 && !takesBody(request) ? undefined : parseJson(body)
  })

  fastify.addHook('preValidation', async (request) => {
    if (request.body !== undefined && !takesBody(request)) {
      throw invalidRequest({ in: 'body', pointer: '', message: 'is not taken by this route' })
    }
  })
}, { name: 'body' })

const takesBody = ({ routeOptions: { schema } }: FastifyRequest): boolean => schema?.body !== undefined
