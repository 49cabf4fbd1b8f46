import { Readable } from 'node:stream'
import { Type } from '@sinclair/typebox'
import type { FastifyReply } from 'fastify'
import { RequestId } from './problem-reply.ts'

const mediaType = 'text/event-stream'

/** The OpenAPI description of an event stream. */
export const EventStream = Type.Unsafe<Readable>({
  description: 'The events',
  headers: RequestId,
  content: { [mediaType]: { schema: { type: 'string', description: 'Server-Sent Events' } } }
})

/** The header with which a client resumes a stream of changes. */
export const LastEventId = {
  'last-event-id': Type.Optional(Type.String({ pattern: '^[\\w-]{1,64}$', description: 'The ID of the last event that was received' }))
}

/** Begins a stream with a comment. Without it, the client would get no headers until the first event or heartbeat. */
async function* opened (events: AsyncIterable<string>): AsyncGenerator<string> {
  yield ':\n\n'
  yield* events
}

/** Sends events as they are yielded. @param events the texts of the events */
export const sendEvents = (reply: FastifyReply, events: AsyncIterable<string>): FastifyReply => reply
  .type(mediaType)
  // Without `x-accel-buffering: no`, proxies such as nginx would buffer the events.
  .headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
  .send(Readable.from(opened(events)))
