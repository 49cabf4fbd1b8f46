import type { FastifyReply } from 'fastify'
import { LongReply, Pieces } from '#src/http/long-reply'
import type { ReplyStep } from '#src/request/step'

/** Serializes a reply with a long list, and lets other requests continue in between. */
export const serializeLongReply: ReplyStep = (_request, reply, payload) =>
  payload instanceof LongReply ? serialize(payload, reply) : payload

async function serialize (long: LongReply, reply: FastifyReply): Promise<string | Pieces> {
  const text = await long.serialize()
  if (text instanceof Pieces) reply.header('content-length', text.byteLength)
  return text
}
