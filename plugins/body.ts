import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { parseJson } from '../src/http/json.ts'

/** JSON is the one form of a body, and is read strictly. Any other media type is refused. */
export default fp(async (fastify) => {
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) => parseJson(body))
}, { name: 'body' })
