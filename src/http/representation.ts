import type {} from '@fastify/accepts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from '#src/problems/problem'
import { toSecretValue, type ReadResult } from '#src/secrets/read'
import { SecretValue, type WrittenSecret } from '#src/secrets/schemas'
import { CacheHeaders } from './caching.ts'
import { matchesETag, toETag } from './etag.ts'
import { ETag, Ref, Reply } from './schemas.ts'

/** Functions that convert a secret to the content of a reply, keyed by media type. The first media type is the default. */
const representations: Readonly<Record<string, (secret: ReadResult) => unknown>> = {
  'application/json' (secret) {
    const value = toSecretValue(secret)
    return secret.json === undefined ? value : withJson(value, secret.json)
  },
  'text/plain': ({ content }) => {
    if (typeof content !== 'string') throw new Problem('not-acceptable')
    return content
  },
  'application/octet-stream': ({ content }) => Buffer.from(content)
}

/** Returns the body of a reply with a member `json`, whose text is unchanged. Parsing it could change numbers or lose members. */
const withJson = (value: object, json: string): string => `${JSON.stringify(value).slice(0, -1)},"json":${json}}`

const types = Object.keys(representations)

/** Returns the media type that a request prefers among these, or an empty string if it accepts none of them. */
function preferredType (request: FastifyRequest, types: string[]): string {
  const { accept = '*/*' } = request.headers
  // Nearly all clients send one of these two values, so the header does not have to be parsed.
  if (accept === '*/*' || accept === 'application/json') return 'application/json'
  const preferred = request.accepts().type(types)
  return typeof preferred === 'string' ? preferred : ''
}

export const ValueReply = Reply('The value', Ref(SecretValue), {
  headers: {
    ...ETag,
    ...CacheHeaders,
    'Preference-Applied': { type: 'string', description: 'The time for which the read was ready to wait, such as `wait=30`: that of `Prefer`, but at most the gateway\'s limit' },
    'Cache-Control': { type: 'string', description: 'Always `no-store`' }
  },
  content: {
    'text/plain': { schema: { type: 'string', description: 'The text' } },
    'application/octet-stream': { schema: { type: 'string', format: 'binary', description: 'The bytes' } }
  }
})

/**
 * Sends a secret's value in the media type that `Accept` prefers, or 304 if `If-None-Match` names the secret's version.
 *
 * @throws Problem `not-acceptable` if no accepted media type can represent the value
 */
export function represent (request: FastifyRequest, reply: FastifyReply, secret: ReadResult): FastifyReply {
  const type = preferredType(request, secret.json === undefined ? types : ['application/json'])
  const form = representations[type]
  if (form === undefined) throw new Problem('not-acceptable')
  const body = form(secret)
  reportVersion(request, secret)
  reply.header('etag', toETag(secret.versionId)).header('vary', 'Accept')
  if (matchesETag(request.headers['if-none-match'], secret.versionId)) return reply.code(304).send()
  return reply.type(type === 'text/plain' ? 'text/plain; charset=utf-8' : type).send(body)
}

/**
 * Sends the result of a write, with the new version's `ETag`.
 *
 * @param created the environment and name of the secret, if the write created it; the reply's `Location` is then the secret's
 * path
 */
export function sendWritten (
  request: FastifyRequest, reply: FastifyReply, written: WrittenSecret, created?: { env: string, name: string }
): FastifyReply {
  const { versionId } = reportVersion(request, written)
  if (versionId !== undefined) reply.header('etag', toETag(versionId))
  if (created !== undefined) reply.header('location', `/environments/${created.env}/secrets/${encodeURIComponent(created.name)}`)
  return reply.send(written)
}

/** Adds the version ID in a reply's content to the audit record of the request's outcome. Returns the content unchanged. */
export function reportVersion<T extends { versionId?: string | undefined }> (request: FastifyRequest, content: T): T {
  request.reportOutcome({ versionId: content.versionId })
  return content
}
