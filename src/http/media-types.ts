import type { FastifySchema } from 'fastify'

/** The media types of request bodies. A route accepts only the first one, unless its schema's `consumes` lists others. */
export const mediaTypes = ['application/json', 'application/merge-patch+json']

/** Returns true if a route with this schema accepts a body with this `Content-Type`. */
export function acceptsMediaType (schema: FastifySchema | undefined, contentType = ''): boolean {
  const [mediaType = '', ...parameters] = contentType.toLowerCase().split(';').map((part) => part.trim())
  const isUtf8 = parameters.every((parameter) => !parameter.startsWith('charset=') || /^charset="?utf-8"?$/.test(parameter))
  return isUtf8 && (schema?.consumes ?? mediaTypes.slice(0, 1)).includes(mediaType)
}
