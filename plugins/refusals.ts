import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import type { RequestEntry } from '#src/audit/record'
import type {} from '#src/http/server-options'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'

/** Records refusals of what never becomes a request: malformed HTTP, and failed TLS handshakes. */
export default fp(async (fastify) => {
  fastify.decorate('recordRefusal', async (about, problem) => {
    const { status, code, options: { reason } } = problem
    return await failureToRecord({ event: 'denial', ...about, status, code, ...compact({ reason }) }) ?? problem
  })

  // Mostly a certificate that is refused. A peer without an error code has only broken off, and has asked for nothing.
  fastify.server.on('tlsClientError', ({ code }: { code?: string }, { remoteAddress: peer }: Socket) => {
    if (code === undefined || peer === undefined) return
    void failureToRecord({ event: 'denial', peer, code: 'unauthenticated', reason: code })
  })

  async function failureToRecord (entry: RequestEntry): Promise<Problem | undefined> {
    try {
      await fastify.audit.append([entry])
      return undefined
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      return error
    }
  }
}, { name: 'refusals', dependencies: ['audit'] })
