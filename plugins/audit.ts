import type { Socket } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AppOptions } from '#src/app'
import { openConfiguredTrail } from '#src/audit/open'
import type { RequestEntry } from '#src/audit/record'
import { UnusableTrail, type AuditSettings } from '#src/audit/settings'
import type { Trail } from '#src/audit/trail'
import { listenToAnswers } from '#src/aws/answers'
import { ConfigError } from '#src/config/issues'
import { finalEntries, intentOf, outcomeEntries, type Audited, type SecretOutcome } from '#src/http/audit-entries'
import { problemBody, problemHeaders } from '#src/http/problem'
import { Problem } from '#src/problems/problem'
import type { Scope } from '#src/secrets/scope'

declare module 'fastify' {
  interface FastifyInstance {
    /** The audit trail. */
    audit: Trail
    /** Records the refusal of what has not become a request. Gives what to answer: the problem, or that it can't be recorded. */
    recordRefusal: (about: Pick<RequestEntry, 'requestId' | 'peer'>, problem: Problem) => Promise<Problem>
  }
  interface FastifyRequest {
    /** What its audit records are made of. */
    audited?: Audited
    /** What became of each secret: set by the handler of a request on many, and recorded one by one. */
    secretOutcomes?: readonly SecretOutcome[]
    /** Records what became of some secrets, before it is told. @throws Problem `audit-unavailable` */
    recordOutcomes: (outcomes: readonly SecretOutcome[]) => Promise<void>
    /** The version that the request is on: the one in the reply, unless the handler has set another. */
    versionId?: string
  }
}

/** The proof: a record before anything is done, and one of the outcome before the reply leaves. Without it, neither happens. */
export default fp<Required<AppOptions>>(async (fastify, { config, now, dataDir }) => {
  const settings = config.current.audit
  const trail = await openTrail()
  fastify.decorate('audit', trail)
  fastify.addHook('onClose', async () => trail.close())
  config.derive(
    ({ audit }) => { assertSame(audit, settings) },
    () => { trail.reopen() }
  )

  async function openTrail (): Promise<Trail> {
    try {
      return await openConfiguredTrail(settings, dataDir, {
        now,
        // The log, shipped elsewhere, holds the trail to what it has said.
        onControlRecord (entry, link) {
          fastify.log.info({ audit: { ...entry, ...link } }, 'audit trail')
        },
        onFailure (reason) {
          fastify.log.error({ reason }, 'the audit trail can not be written, and requests are refused')
        }
      })
    } catch (error) {
      throw error instanceof UnusableTrail ? new ConfigError([error.issue]) : error
    }
  }

  fastify.decorateRequest('audited')
  fastify.decorateRequest('secretOutcomes')
  fastify.decorateRequest('versionId')
  fastify.decorateRequest('recordOutcomes', async function (outcomes) {
    await trail.append(outcomeEntries(this, outcomes))
  })

  fastify.addHook('preHandler', async (request) => {
    if (request.routeOptions.config.action === 'Public') return
    const intent = await trail.append([intentOf(request)])
    const audited: Audited = { intent, awsRequestIds: [], decisions: [] }
    request.audited = audited
    if (request.environment !== undefined) request.scope = withDecisionsKept(request, audited)
  })

  // With a callback, so that the handler runs inside.
  fastify.addHook('preHandler', (request, _reply, done) => {
    listenToAnswers((id) => { request.audited?.awsRequestIds.push(id) }, done)
  })

  fastify.addHook('preSerialization', async (request, _reply, payload: unknown) => {
    const { versionId }: { versionId?: unknown } = Object(payload) as object
    if (typeof versionId === 'string') request.versionId ??= versionId
    return payload
  })

  fastify.addHook('onSend', async (request, reply, payload) => {
    if (request.problem?.code === 'audit-unavailable') return payload
    const entries = finalEntries(request, reply)
    const problem = entries.length === 0 ? undefined : await unrecorded(entries)
    return problem === undefined ? payload : instead(problem, request, reply)
  })

  fastify.decorate('recordRefusal', async (about, problem) => await unrecorded([{
    event: 'denial',
    ...about,
    status: problem.status,
    code: problem.code,
    ...(problem.options.reason !== undefined && { reason: problem.options.reason })
  }]) ?? problem)

  // Refused in the TLS handshake, for its certificate mostly; who only breaks off has asked for nothing.
  fastify.server.on('tlsClientError', ({ code }: { code?: string }, { remoteAddress: peer }: Socket) => {
    if (code === undefined || peer === undefined) return
    void unrecorded([{ event: 'denial', peer, code: 'unauthenticated', reason: code }])
  })

  /** The problem with recording it, if there is one. */
  async function unrecorded (entries: readonly RequestEntry[]): Promise<Problem | undefined> {
    try {
      await trail.append(entries)
      return undefined
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      return error
    }
  }
}, {
  name: 'audit',
  dependencies: ['config', 'errors', 'reply-headers', 'authorization', 'credentials', 'environments', 'scope', 'rate-limit']
})

/** A change takes a new start: the old trail would have to end and the new one to begin between two records. */
function assertSame (changed: AuditSettings, settings: AuditSettings): void {
  if (isDeepStrictEqual(changed, settings)) return
  throw new ConfigError([{ key: 'audit', found: 'a change', expected: 'what it was at the start: that takes a new start' }])
}

/** The request's scope, which keeps what is decided on secrets in its course. */
function withDecisionsKept (request: FastifyRequest, { decisions }: Audited): Scope {
  const { scope } = request
  return {
    ...scope,
    may: (action, name) => {
      const { allowed, policies } = request.decide(action, scope.environment, scope.credentialId, name)
      decisions.push({ action, name, allowed, policies })
      return allowed
    }
  }
}

/** Makes the reply one that says nothing but that it can't be recorded. */
function instead (problem: Problem, request: FastifyRequest, reply: FastifyReply): string {
  for (const name of ['etag', 'location', 'vary', 'content-length']) reply.removeHeader(name)
  reply.code(problem.status).headers(problemHeaders(problem))
  request.problem = problem
  return JSON.stringify(problemBody(problem, request.id))
}
