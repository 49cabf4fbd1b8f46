import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Trail } from '#src/audit/trail'
import { answerProblem } from '#src/http/problem-reply'
import { Problem } from '#src/problems/problem'
import { finalEntries, type DeclaredNames } from '#src/request/audit-entries'
import { spanOf } from '#src/request/spanned'
import type { ReplyStep } from '#src/request/step'
import { inSpan } from '#src/tracing/span'

/** Records the outcome before the reply is sent. If it can't be recorded, the reply is replaced with the trail's problem. */
export const recordOutcome = ({ append }: Pick<Trail, 'append'>, declared: () => DeclaredNames): ReplyStep => (request, reply, payload) => {
  // The reply already reports that the audit trail can't record this request.
  if (request.problem?.options.unrecorded === true) return payload
  const entries = finalEntries(request, reply, declared())
  if (entries.length === 0) return payload
  return inSpan(spanOf(request), 'record outcome', async () => append(entries)).then(() => payload, (error: unknown) => {
    if (!(error instanceof Problem)) throw error
    return replacement(error, request, reply)
  })
}

/** Replaces a reply with a problem, and removes the headers that describe the original reply. */
function replacement (problem: Problem, request: FastifyRequest, reply: FastifyReply): string | Uint8Array {
  for (const name of ['etag', 'location', 'vary', 'content-length', 'age', 'cache-status']) reply.removeHeader(name)
  return answerProblem(problem, request, reply)
}
