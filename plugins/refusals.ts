import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import type { RequestEntry } from '#src/audit/record'
import { closeAfter } from '#src/http/close-after'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'

/** Adds audit records for refusals that happen before Fastify receives a request: malformed HTTP and failed TLS handshakes. */
export default fp(async (fastify) => {
  fastify.decorate('recordRefusal', async (about, problem) => {
    const { status, code, options: { reason } } = problem
    return await failureToRecord({ event: 'denial', ...about, status, code, ...compact({ reason }) }) ?? problem
  })

  // A handshake usually fails because a certificate was rejected. If the error has no code, the peer merely closed the
  // connection, and nothing is recorded.
  fastify.server.on('tlsClientError', ({ code }: { code?: string }, socket: Socket) => {
    const { remoteAddress: peer } = socket
    if (code === undefined || peer === undefined) return
    failureToRecord({ event: 'denial', peer, code: 'unauthenticated', reason: code })
      .catch((defect: unknown) => { closeAfter(defect, socket, fastify.log) })
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
