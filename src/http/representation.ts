import type {} from '@fastify/accepts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from '#src/problems/problem'
import { toSecretValue, type ReadSecret } from '#src/secrets/read'
import { SecretValue, type WrittenSecret } from '#src/secrets/schemas'
import { matchesETag, toETag } from './etag.ts'
import { ETag, Ref, Reply } from './schemas.ts'

/** The forms that a value can be had in; the first is the one that is sent where anything will do. */
const representations: Readonly<Record<string, (secret: ReadSecret) => unknown>> = {
  'application/json': toSecretValue,
  'text/plain': ({ content }) => {
    if (typeof content !== 'string') throw new Problem('not-acceptable')
    return content
  },
  'application/octet-stream': ({ content }) => Buffer.from(content)
}

export const ValueReply = Reply('The value', Ref(SecretValue), {
  headers: { ...ETag, 'Cache-Control': { type: 'string', description: 'Always `no-store`' } },
  content: {
    'text/plain': { schema: { type: 'string', description: 'The text' } },
    'application/octet-stream': { schema: { type: 'string', format: 'binary', description: 'The bytes' } }
  }
})

/**
 * Sends the value in the form that the request's `Accept` prefers, or that it is still the one that `If-None-Match` names.
 *
 * @throws Problem `not-acceptable`
 */
export function represent (request: FastifyRequest, reply: FastifyReply, secret: ReadSecret): FastifyReply {
  const [type] = [request.accepts().type(Object.keys(representations))].flat()
  const form = typeof type === 'string' ? representations[type] : undefined
  if (typeof type !== 'string' || form === undefined) throw new Problem('not-acceptable')
  const body = form(secret)
  reply.headers({ etag: toETag(secret.versionId), vary: 'Accept' })
  if (matchesETag(request.headers['if-none-match'], secret.versionId)) return reply.code(304).send()
  return reply.type(type === 'text/plain' ? 'text/plain; charset=utf-8' : type).send(body)
}

/** The headers of a reply to a write; `Location` where the write made the secret that the parameters name. */
export const writtenHeaders = ({ versionId }: WrittenSecret, made?: { env: string, name: string }): Record<string, string> => ({
  ...(versionId !== undefined && { etag: toETag(versionId) }),
  ...(made !== undefined && { location: `/environments/${made.env}/secrets/${encodeURIComponent(made.name)}` })
})
