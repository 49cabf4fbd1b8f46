import type { FastifyInstance } from 'fastify'
import { Problem } from '#src/problems/problem'

/** Returns the reason why this process is not ready for requests, or undefined if it is ready. */
export function whyNotReady ({ stopping, audit }: Pick<FastifyInstance, 'stopping' | 'audit'>): Problem | undefined {
  if (stopping.aborted) return new Problem('overloaded', { reason: 'shutdown' })
  if (!audit.isWritable) return new Problem('audit-unavailable', { unrecorded: true })
  return undefined
}
