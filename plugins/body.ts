import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { awsJson } from '#src/aws-endpoint/reply'
import { receiveBody } from '#src/http/body-bytes'
import { parseJson } from '#src/http/json'
import { mediaTypes } from '#src/http/media-types'
import type { BodySchema } from '#src/http/numbers'
import { invalidRequest } from '#src/problems/problem'

/**
 * Parses request bodies, which must be JSON in UTF-8. The step `refuseUnsuitableBody` has checked the media type. A route without
 * a body schema refuses a body instead of ignoring it.
 */
export default fp(async (fastify) => {
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser(mediaTypes, async (request: FastifyRequest, payload: IncomingMessage) => {
    const { schema, bodyLimit } = request.routeOptions
    const body = await receiveBody(payload, bodyLimit)
    if (schema?.body !== undefined) {
      return parseJson(body, schema.body as BodySchema, { isGone: () => request.raw.socket.destroyed })
    }
    if (body.length > 0) throw invalidRequest({ in: 'body', pointer: '', message: 'is not supported by this route' })
    return undefined
  })
  // The signature covers the bytes, so they are parsed only after it has been verified.
  fastify.addContentTypeParser(awsJson, async ({ routeOptions: { bodyLimit } }: FastifyRequest, payload: IncomingMessage) =>
    receiveBody(payload, bodyLimit))
}, { name: 'body' })
