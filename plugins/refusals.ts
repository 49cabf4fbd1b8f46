import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import type { RequestEntry } from '#src/audit/record'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'

/** Records refusals that happen before there is a request: of malformed HTTP, and of TLS handshakes. */
export default fp(async (fastify) => {
  fastify.decorate('recordRefusal', async (about, problem) => {
    const { status, code, options: { reason } } = problem
    return await failureToRecord({ event: 'denial', ...about, status, code, ...compact({ reason }) }) ?? problem
  })

  // Usually a refused certificate. Without an error code, the peer has only closed the connection, which is not recorded.
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
