import type { FastifyContextConfig } from 'fastify'
import fp from 'fastify-plugin'
import { secretEntries, type DeclaredNames } from '#src/request/audit-entries'
import { finders, readFound } from '#src/request/found'
import { routeConfig } from '#src/request/route'
import { openScopeIn } from '#src/request/scopes'
import { runReplySteps, runSteps, type Step } from '#src/request/step'
import { authenticate } from '#src/request/steps/authenticate'
import { checkHeaders } from '#src/request/steps/check-headers'
import { checkKnownHeaders } from '#src/request/steps/check-known-headers'
import { closeStaleConnection } from '#src/request/steps/close-stale-connection'
import { decideInEnvironment } from '#src/request/steps/decide-in-environment'
import { decideOnCredential } from '#src/request/steps/decide-on-credential'
import { enforce } from '#src/request/steps/enforce'
import { enterEnvironment } from '#src/request/steps/enter-environment'
import { findCredential } from '#src/request/steps/find-credential'
import { findPeer } from '#src/request/steps/find-peer'
import { findRoute } from '#src/request/steps/find-route'
import { forbidCaching } from '#src/request/steps/forbid-caching'
import { inviteBody } from '#src/request/steps/invite-body'
import { logWhenClosed } from '#src/request/steps/log-when-closed'
import { openScope } from '#src/request/steps/open-scope'
import { parseSecretName } from '#src/request/steps/parse-secret-name'
import { recordIntent } from '#src/request/steps/record-intent'
import { recordOutcome } from '#src/request/steps/record-outcome'
import { resolveCredential } from '#src/request/steps/resolve-credential'
import { seeEnvironment, type FindEnvironment } from '#src/request/steps/see-environment'
import { setReplyHeaders } from '#src/request/steps/set-reply-headers'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Declarations for all routes of a folder: its `autohooks.ts` assigns them, and folders inside inherit them. A route's own
     * declarations take precedence.
     */
    routeDefaults: FastifyContextConfig
    /** The way of a request: the names of the steps, by stage, in the order in which they run. */
    way: readonly { readonly stage: string, readonly steps: readonly string[] }[]
  }
}

/** Consecutive steps of a request's way. */
interface Stage {
  readonly stage: string
  /** Fastify's hook: before the body is read, or once the body has been validated. */
  readonly hook: 'onRequest' | 'preHandler'
  /** The routes whose requests take these steps. */
  readonly of: (route: FastifyContextConfig) => boolean
  readonly steps: Readonly<Record<string, Step>>
}

const closed = ({ action }: FastifyContextConfig): boolean => action !== 'Public'
const open = ({ action, rateLimit }: FastifyContextConfig): boolean => action === 'Public' && rateLimit !== false
const any = (): boolean => true
const about = (...subjects: readonly FastifyContextConfig['about'][]) => (route: FastifyContextConfig): boolean =>
  route.about !== undefined && subjects.includes(route.about)

/** The way of a request, from its first header to the last byte of the reply. docs/request.md draws it. */
export default fp(async (fastify) => {
  const { audit, authenticate: callerOf, authorize, aws, config, isStale, limits, methodsOf, trustsProxy } = fastify
  const findEnvironment: FindEnvironment = (name) => config.current.environments.get(name)
  const isDeclared = (credentialId: string): boolean => config.current.credentials.has(credentialId)
  const declared = (): DeclaredNames => config.current

  /** The first steps, of every request: also of one that matches no route. */
  const first = {
    stage: 'headers',
    steps: {
      setReplyHeaders,
      logWhenClosed,
      findRoute: findRoute(methodsOf),
      checkHeaders,
      findPeer: findPeer(trustsProxy)
    }
  }

  const stages: readonly Stage[] = [
    { stage: 'headers', hook: 'onRequest', of: closed, steps: { forbidCaching } },
    { stage: 'who', hook: 'onRequest', of: closed, steps: { authenticate: authenticate(callerOf, limits.failures) } },
    { stage: 'limits', hook: 'onRequest', of: closed, steps: { limitCaller: limits.caller } },
    { stage: 'limits', hook: 'onRequest', of: open, steps: { limitAddress: limits.address } },
    { stage: 'body', hook: 'onRequest', of: any, steps: { checkKnownHeaders, inviteBody } },
    // Fastify reads the body and validates the request here, before the preHandler hooks.
    {
      stage: 'where',
      hook: 'preHandler',
      of: about('environment', 'secret'),
      steps: { seeEnvironment: seeEnvironment(findEnvironment), enterEnvironment: enterEnvironment(findEnvironment) }
    },
    { stage: 'where', hook: 'preHandler', of: about('secret'), steps: { parseSecretName } },
    { stage: 'credential', hook: 'preHandler', of: about('environment', 'secret'), steps: { resolveCredential } },
    { stage: 'credential', hook: 'preHandler', of: about('credential'), steps: { findCredential: findCredential(isDeclared) } },
    { stage: 'permission', hook: 'preHandler', of: about('environment', 'secret'), steps: { decideInEnvironment } },
    { stage: 'permission', hook: 'preHandler', of: about('credential'), steps: { decideOnCredential: decideOnCredential(authorize) } },
    { stage: 'permission', hook: 'preHandler', of: about('environment', 'secret', 'credential'), steps: { enforce } },
    // Counts only what is allowed: a caller without rights can neither exhaust an environment's limit nor learn that it exists.
    { stage: 'environment limit', hook: 'preHandler', of: about('environment', 'secret'), steps: { limitEnvironment: limits.environment } },
    { stage: 'record intent', hook: 'preHandler', of: closed, steps: { recordIntent: recordIntent(audit, declared) } },
    { stage: 'scope', hook: 'preHandler', of: about('environment', 'secret'), steps: { openScope: openScope(aws) } }
  ]

  /** The last steps, of every reply: also of one that refuses the request. */
  const last = [
    { stage: 'record outcome', steps: { recordOutcome: recordOutcome(audit, declared) } },
    { stage: 'reply', steps: { closeStaleConnection: closeStaleConnection(isStale) } }
  ]

  fastify.decorateRequest('found')
  fastify.decorateRequest('problem')
  fastify.decorateRequest('outcome')
  for (const field of Object.keys(finders) as (keyof typeof finders)[]) {
    fastify.decorateRequest(field, { getter () { return readFound(this, field) } })
  }
  fastify.decorateRequest('reportOutcome', function (report) { this.outcome = { ...this.outcome, ...report } })
  fastify.decorateRequest('reportSecrets', async function (outcomes) {
    const { evidence } = this
    evidence.items = (evidence.items ?? 0) + outcomes.length
    await audit.append(secretEntries(evidence, outcomes, this.outcome?.job))
  })
  fastify.decorateRequest('scopeIn', function (name, ...actions) {
    return openScopeIn(this, findEnvironment(name), actions, aws)
  })

  const begin = runSteps(Object.values(first.steps))
  fastify.addHook('onRequest', (request, reply, done) => {
    request.found = {}
    begin.call(fastify, request, reply, done)
  })
  fastify.addHook('onSend', runReplySteps(last.flatMap(({ steps }) => Object.values(steps))))

  fastify.decorate('routeDefaults', {})
  fastify.addHook('onRoute', function (route) {
    const config = routeConfig(route, this.routeDefaults)
    route.config = config
    for (const hook of ['onRequest', 'preHandler'] as const) {
      const own = stages.filter((stage) => stage.hook === hook && stage.of(config))
      const steps = own.flatMap((stage) => Object.values(stage.steps))
      if (steps.length > 0) route[hook] = [runSteps(steps), ...[route[hook] ?? []].flat()]
    }
  })

  fastify.decorate('way', [first, ...stages, ...last].map(({ stage, steps }) => ({ stage, steps: Object.keys(steps) })))
}, {
  name: 'request',
  dependencies: ['audit', 'authentication', 'authorization', 'config', 'credentials', 'errors', 'http-server', 'rate-limit', 'tls']
})
