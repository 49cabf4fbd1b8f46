import type { FastifyInstance } from 'fastify'
import { Problem } from '#src/problems/problem'

/** Returns why no requests may be sent to this process, or undefined if they may. */
export function whyNotReady ({ stopping, audit }: Pick<FastifyInstance, 'stopping' | 'audit'>): Problem | undefined {
  if (stopping.aborted) return new Problem('overloaded', { reason: 'shutdown' })
  if (!audit.isWritable) return new Problem('audit-unavailable', { unrecorded: true })
  return undefined
}
