import type { FastifyRequest } from 'fastify'
import { inSpan, waitInSpan, type Span } from '#src/tracing/span'
import type { ReplyStep, Step } from './step.ts'

/** Returns the span of a request, or undefined if its trace is not recorded. */
export const spanOf = ({ found: { trace } }: { readonly found: Pick<FastifyRequest['found'], 'trace'> }): Span | undefined => trace?.span

/** Wraps a step in its own span. If the step makes a decision, the span contains it. */
export const spanned = (name: string, step: Step): Step => (request, reply) => inSpan(spanOf(request), name, (span) => {
  const finding = step(request, reply)
  const { decision } = finding === undefined || finding instanceof Promise ? {} : finding
  if (decision !== undefined) span?.set({ 'secrets_gateway.allowed': decision.allowed })
  return finding
})

/** Wraps a step that may wait, so that each wait has a span. */
export const spannedWait = (name: string, step: Step): Step => (request, reply) => {
  const finding = step(request, reply)
  return finding instanceof Promise ? waitInSpan(spanOf(request), name, finding) : finding
}

/** Does the same as `spannedWait` for a step that runs before the reply is sent. */
export const spannedReplyWait = (name: string, step: ReplyStep): ReplyStep => (request, reply, payload) => {
  const next = step(request, reply, payload)
  return next instanceof Promise ? waitInSpan(spanOf(request), name, next) : next
}
