import type { FastifyContextConfig } from 'fastify'
import fp from 'fastify-plugin'
import { secretsElsewhere } from '#src/aws/elsewhere'
import { bodyLimitOf, type LimitedSchema } from '#src/http/body-limit'
import type { DeclaredNames } from '#src/request/audit-entries'
import { finders, readFound } from '#src/request/found'
import { routeConfig } from '#src/request/route'
import { openScopeIn, type ScopeContext } from '#src/request/scopes'
import { secretEntries } from '#src/request/secret-entries'
import { runReplySteps, runSteps, type ReplyStep, type Step } from '#src/request/step'
import { authenticate } from '#src/request/steps/authenticate'
import { spanned, spannedReplyWait, spannedWait, spanOf } from '#src/request/spanned'
import { awaitNextTurn } from '#src/request/steps/await-next-turn'
import { awaitTurn } from '#src/request/steps/await-turn'
import { awaitTurnToReply } from '#src/request/steps/await-turn-to-reply'
import { refuseAmbiguousHeaders } from '#src/request/steps/refuse-ambiguous-headers'
import { refuseCrossSite } from '#src/request/steps/refuse-cross-site'
import { refuseForwardingHeaders } from '#src/request/steps/refuse-forwarding-headers'
import { refuseOutright } from '#src/request/steps/refuse-outright'
import { refuseUnknownHeaders } from '#src/request/steps/refuse-unknown-headers'
import { refuseUnsuitableBody } from '#src/request/steps/refuse-unsuitable-body'
import { beginTrace } from '#src/request/steps/begin-trace'
import { boundUnreadBody } from '#src/request/steps/bound-unread-body'
import { closeStaleConnection } from '#src/request/steps/close-stale-connection'
import { closeWhenStopping } from '#src/request/steps/close-when-stopping'
import { countUnreadReply } from '#src/request/steps/count-unread-reply'
import { decideInEnvironment } from '#src/request/steps/decide-in-environment'
import { decideOnCredential } from '#src/request/steps/decide-on-credential'
import { denyInAdvance } from '#src/request/steps/deny-in-advance'
import { enforce } from '#src/request/steps/enforce'
import { enforceDenial } from '#src/request/steps/enforce-denial'
import { enterEnvironment } from '#src/request/steps/enter-environment'
import { findCredential } from '#src/request/steps/find-credential'
import { findPeer } from '#src/request/steps/find-peer'
import { findSecretById } from '#src/request/steps/find-secret-by-id'
import { findRoute } from '#src/request/steps/find-route'
import { forbidCaching } from '#src/request/steps/forbid-caching'
import { handOverLongReply } from '#src/request/steps/hand-over-long-reply'
import { openScope } from '#src/request/steps/open-scope'
import { parseSecretName } from '#src/request/steps/parse-secret-name'
import { readAwsCall } from '#src/request/steps/read-aws-call'
import { recordIntent } from '#src/request/steps/record-intent'
import { recordOutcome } from '#src/request/steps/record-outcome'
import { reportWhenClosed } from '#src/request/steps/report-when-closed'
import { reserveBody } from '#src/request/steps/reserve-body'
import { resolveCredential } from '#src/request/steps/resolve-credential'
import { seeEnvironment, type FindEnvironment } from '#src/request/steps/see-environment'
import { sendContinue } from '#src/request/steps/send-continue'
import { serializeLongReply } from '#src/request/steps/serialize-long-reply'
import { setReplyHeaders } from '#src/request/steps/set-reply-headers'
import { shedLoad } from '#src/request/steps/shed-load'
import { validateParameters } from '#src/request/steps/validate-parameters'
import { verifySignature } from '#src/request/steps/verify-signature'
import { watchCaller } from '#src/request/steps/watch-caller'
import { callerTurns } from '#src/scheduling/caller-turns'
import { inSpan } from '#src/tracing/span'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * The route `config` that all routes in a folder share. The folder's `autohooks.ts` assigns it, and subfolders inherit it.
     * A route's own `config` takes precedence.
     */
    routeDefaults: FastifyContextConfig
    /** The parts of a scope that do not depend on a request. Continued jobs, which have no request, need them, too. */
    scopeContext: ScopeContext
    /** The stages of the request pipeline and the names of their steps, in the order in which they run. */
    pipeline: readonly { readonly stage: string, readonly steps: readonly string[] }[]
  }
}

/** Consecutive steps of the request pipeline. */
interface Stage {
  readonly stage: string
  /** The Fastify hook that runs the steps: before the body is read, or after it has been validated. */
  readonly hook: 'onRequest' | 'preHandler'
  /** Returns true if requests on the route go through these steps. */
  readonly appliesTo: (route: FastifyContextConfig) => boolean
  readonly steps: Readonly<Record<string, Step>>
}

const authenticated = ({ action }: FastifyContextConfig): boolean => action !== 'Public'
const limitedPublic = ({ action, rateLimit }: FastifyContextConfig): boolean => action === 'Public' && rateLimit !== false
const all = (): boolean => true
const canBeShed = ({ servedWhenOverloaded }: FastifyContextConfig): boolean => servedWhenOverloaded !== true
const about = (...subjects: readonly FastifyContextConfig['about'][]) => (route: FastifyContextConfig): boolean =>
  route.about !== undefined && subjects.includes(route.about)
const inEnvironment = about('environment', 'secret')
/** Matches routes whose URL identifies a secret by its AWS name or ARN, instead of by an environment and a name. */
const namedById = ({ readSecretRequest }: FastifyContextConfig): boolean => readSecretRequest !== undefined
const namedInPath = (route: FastifyContextConfig): boolean => about('secret')(route) && !namedById(route)
/** Matches routes about an environment or a secret whose body, instead of a header, names the AWS credential. */
const namedInBody = (route: FastifyContextConfig): boolean => inEnvironment(route) && route.bodyNamesCredential === true
const namedInHeader = (route: FastifyContextConfig): boolean => inEnvironment(route) && route.bodyNamesCredential !== true
/** Matches the route for AWS's protocol, where a header names the operation and the body names the secret. */
const speaksAws = (route: FastifyContextConfig): boolean => route.speaksAws === true
/** Matches routes whose caller is authenticated before the body is read, because no request is signed. */
const knowsCaller = (route: FastifyContextConfig): boolean => authenticated(route) && !speaksAws(route)
/** Matches routes about an environment or a secret whose action and AWS credential are known before the body is read. */
const decidedEarly = (route: FastifyContextConfig): boolean => namedInHeader(route) && !speaksAws(route)

/** Sets up the request pipeline, from the first header to the last byte of the reply. docs/request.md has a diagram of it. */
export default fp(async (fastify) => {
  const {
    audit, authenticate: authenticateRequest, authorize, aws, config, findOverload, isStale, limits, memory, methodsOf, metrics,
    recognize, stopping, tracer, trustsProxy, verifySigned
  } = fastify
  const environments: ScopeContext['environments'] = () => config.current.environments
  const findEnvironment: FindEnvironment = (name) => environments().get(name)
  const served = (): readonly string[] => config.current.agent?.environments ?? []
  const isDeclared = (credentialId: string): boolean => config.current.credentials.has(credentialId)
  const declared = (): DeclaredNames => config.current
  const context: ScopeContext = {
    aws,
    authorize,
    recognize,
    findElsewhere: (scope, name) => secretsElsewhere(config.current, scope, name),
    environments
  }

  // Without a tracer, the steps run unwrapped.
  const traced = tracer === undefined ? (_name: string, step: Step): Step => step : spanned
  const tracedWait = tracer === undefined ? traced : spannedWait
  const tracedReplyWait = tracer === undefined ? (_name: string, step: ReplyStep): ReplyStep => step : spannedReplyWait
  const decide = traced('decide', decideInEnvironment)

  /** The first steps, for every request, including those that match no route. */
  const first = {
    stage: 'headers',
    steps: {
      setReplyHeaders,
      findPeer: findPeer(trustsProxy),
      beginTrace: beginTrace(tracer),
      reportWhenClosed: reportWhenClosed(metrics, () => config.current.log),
      findRoute: findRoute(methodsOf),
      refuseAmbiguousHeaders,
      refuseForwardingHeaders: refuseForwardingHeaders(trustsProxy)
    }
  }

  const stages: readonly Stage[] = [
    { stage: 'headers', hook: 'onRequest', appliesTo: canBeShed, steps: { shedLoad: shedLoad(findOverload) } },
    { stage: 'headers', hook: 'onRequest', appliesTo: authenticated, steps: { forbidCaching } },
    {
      stage: 'authentication',
      hook: 'onRequest',
      appliesTo: authenticated,
      steps: {
        authenticate: traced('authenticate', authenticate(authenticateRequest, limits.failures)),
        refuseCrossSite: refuseCrossSite(limits.failures)
      }
    },
    { stage: 'limits', hook: 'onRequest', appliesTo: speaksAws, steps: { limitClaim: limits.claim } },
    { stage: 'limits', hook: 'onRequest', appliesTo: knowsCaller, steps: { limitCaller: limits.caller } },
    { stage: 'limits', hook: 'onRequest', appliesTo: authenticated, steps: { awaitTurn: tracedWait('wait for turn', awaitTurn(callerTurns)) } },
    { stage: 'limits', hook: 'onRequest', appliesTo: limitedPublic, steps: { limitAddress: limits.address } },
    { stage: 'parameters', hook: 'onRequest', appliesTo: ({ refuses }) => refuses !== undefined, steps: { refuseOutright } },
    { stage: 'parameters', hook: 'onRequest', appliesTo: all, steps: { refuseUnknownHeaders, validateParameters } },
    {
      stage: 'subject',
      hook: 'onRequest',
      appliesTo: namedById,
      steps: { findSecretById: findSecretById(served, findEnvironment) }
    },
    {
      stage: 'subject',
      hook: 'onRequest',
      appliesTo: inEnvironment,
      steps: {
        seeEnvironment: seeEnvironment(findEnvironment),
        enterEnvironment: enterEnvironment(findEnvironment, () => environments().values())
      }
    },
    { stage: 'subject', hook: 'onRequest', appliesTo: namedInPath, steps: { parseSecretName } },
    { stage: 'credential', hook: 'onRequest', appliesTo: namedInHeader, steps: { resolveCredential } },
    { stage: 'credential', hook: 'onRequest', appliesTo: about('credential'), steps: { findCredential: findCredential(isDeclared) } },
    { stage: 'permission', hook: 'onRequest', appliesTo: decidedEarly, steps: { decideInEnvironment: decide } },
    { stage: 'permission', hook: 'onRequest', appliesTo: about('credential'), steps: { decideOnCredential: traced('decide', decideOnCredential(authorize)) } },
    { stage: 'permission', hook: 'onRequest', appliesTo: (route) => decidedEarly(route) || about('credential')(route), steps: { enforce } },
    { stage: 'permission', hook: 'onRequest', appliesTo: namedInBody, steps: { denyInAdvance: traced('decide in advance', denyInAdvance), enforceDenial } },
    // This stage comes after `enforce`. Otherwise a refused caller could use up an environment's limit, or learn from a 429 that
    // the environment exists.
    { stage: 'environment limit', hook: 'onRequest', appliesTo: decidedEarly, steps: { limitEnvironment: limits.environment } },
    { stage: 'body', hook: 'onRequest', appliesTo: all, steps: { refuseUnsuitableBody, reserveBody: reserveBody(memory), sendContinue } },
    // Fastify reads and validates the body here, before the preHandler hooks.
    {
      stage: 'credential in the body',
      hook: 'preHandler',
      appliesTo: namedInBody,
      steps: { resolveCredential, decideInEnvironment: decide, enforce, limitEnvironment: limits.environment }
    },
    {
      stage: 'call in the body',
      hook: 'preHandler',
      appliesTo: speaksAws,
      steps: {
        verifySignature: traced('verify signature', verifySignature(verifySigned, limits.failures)),
        limitCaller: limits.caller,
        readAwsCall,
        decideInEnvironment: decide,
        enforce,
        limitEnvironment: limits.environment
      }
    },
    {
      stage: 'record intent',
      hook: 'preHandler',
      appliesTo: authenticated,
      steps: { recordIntent: recordIntent(audit, declared), awaitNextTurn: tracedWait('wait for turn', awaitNextTurn(callerTurns)) }
    },
    { stage: 'scope', hook: 'preHandler', appliesTo: inEnvironment, steps: { watchCaller, openScope: openScope(context) } }
  ]

  /** The last steps, for every reply, including refusals. */
  const last = [
    { stage: 'long reply', steps: { serializeLongReply } },
    { stage: 'unread reply', steps: { countUnreadReply: countUnreadReply(memory) } },
    {
      stage: 'record outcome',
      steps: { awaitTurnToReply: tracedReplyWait('wait for turn', awaitTurnToReply(callerTurns)), recordOutcome: recordOutcome(audit, declared) }
    },
    {
      stage: 'reply',
      steps: {
        closeStaleConnection: closeStaleConnection(isStale),
        closeWhenStopping: closeWhenStopping({ stopping }),
        boundUnreadBody,
        handOverLongReply
      }
    }
  ]

  fastify.decorate('scopeContext', context)
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
    const about = { ...evidence.about, intent: evidence.intent, job: this.outcome?.job }
    const entries = await secretEntries(about, outcomes, evidence.decisions)
    await inSpan(spanOf(this), 'record items', async () => audit.append(entries))
  })
  fastify.decorateRequest('scopeIn', function (name, ...actions) {
    return openScopeIn(this, name, actions, context)
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
    route.bodyLimit ??= bodyLimitOf(route.schema?.body as LimitedSchema | undefined)
    for (const hook of ['onRequest', 'preHandler'] as const) {
      const own = stages.filter((stage) => stage.hook === hook && stage.appliesTo(config))
      const steps = own.flatMap((stage) => Object.values(stage.steps))
      if (steps.length > 0) route[hook] = [runSteps(steps), ...[route[hook] ?? []].flat()]
    }
  })

  fastify.decorate('pipeline', [first, ...stages, ...last].map(({ stage, steps }) => ({ stage, steps: Object.keys(steps) })))
}, {
  name: 'request',
  dependencies: [
    'audit', 'authentication', 'authorization', 'config', 'credentials', 'errors', 'http-server', 'memory', 'metrics', 'overload', 'rate-limit', 'shutdown', 'tls', 'tracing'
  ]
})
