import type { FastifyContextConfig, FastifyRequest } from 'fastify'
import type { Reservation } from '#src/admission/budget'
import type { RequestEntry } from '#src/audit/record'
import type { SecretOutcome } from '#src/audit/secret-outcome'
import type { Trail } from '#src/audit/trail'
import type { Caller } from '#src/authentication/caller'
import type { Action } from '#src/authorization/actions'
import type { ReadSecretRequest, SecretRequest } from '#src/agent/secret-request'
import type { Decision } from '#src/authorization/decision'
import type { EndpointCall } from '#src/aws-endpoint/call'
import type { Claim } from '#src/aws-protocol/signature'
import type { Environment } from '#src/environments/environment'
import type { SecretName } from '#src/environments/names'
import type { TrustsProxy } from '#src/http/client-address'
import type { Limiter } from '#src/http/rate-limit'
import type { Metrics } from '#src/metrics/metrics'
import type { ProblemCode } from '#src/problems/catalogue'
import type { Problem } from '#src/problems/problem'
import type { Scope } from '#src/secrets/scope'
import type { Trace } from '#src/tracing/span'
import type { Evidence, OutcomeReport } from './audit-entries.ts'
import type { Named } from './named.ts'

/**
 * The results of the steps of a request. Each field is written once, by the step that returns it, and never changes afterwards.
 */
export interface Found {
  readonly route: MatchedRoute
  /**
   * The trace that the request belongs to. Undefined for health probes, and if neither the gateway nor the caller has a trace.
   */
  readonly trace: Trace
  /** The client's address, as reported by a trusted proxy. Without a proxy, the address of the connection's peer. */
  readonly peer: string
  /** The authenticated caller. Undefined on public routes. */
  readonly caller: Caller
  /** The iteration of the event loop in which the request had its first turn. Undefined on public routes. */
  readonly turn: number
  /** The requested secret, on the routes of AWS's agent. */
  readonly secretRequest: SecretRequest
  /** The names of the environment and the secret, if they are not in the path. */
  readonly named: Named
  /** The decision on whether the caller may see the environment in the path. It is a denial if there is no such environment. */
  readonly visibility: Decision
  /** The environment in the path, which the caller is allowed to see. */
  readonly environment: Environment
  /** The signature of a request that is signed with keys from the gateway. Unverified until `verifySignature` has run. */
  readonly awsClaim: Claim<Caller>
  /** The call, on the route for AWS's protocol. */
  readonly awsCall: EndpointCall
  /**
   * The secret's name in the path, checked against the environment's rules. On the route for AWS's protocol, it comes from the
   * body, and may be a name that no path can contain.
   */
  readonly secretName: SecretName
  /** The ID of the AWS credential. Undefined if the credential is not declared or the environment does not allow it. */
  readonly credentialId: string
  /** The decision on whether the policies allow the route's action on the environment, secret or credential in the path. */
  readonly decision: Decision
  /** The memory that the body takes, in bytes. Undefined if there is no body. */
  readonly bodyBytes: number
  /** The reservation of the body's memory. Released once the reply has been sent, or earlier if a job takes over the body. */
  readonly bodyReservation: Reservation
  /**
   * The evidence for the request's audit records. Undefined until the intent has been recorded or, if the request changes
   * nothing, until the point where it would have been recorded.
   */
  readonly evidence: Evidence
  /** Aborted with the problem `caller-gone` when the caller closes the connection before the whole reply has been sent. */
  readonly signal: AbortSignal
  /** The context that a handler passes to its use cases. It exists only on routes about an environment or a secret. */
  readonly scope: Scope
}

/** The route that a request matches. */
export interface MatchedRoute {
  /** The pattern of the path, such as `/environments/:env`. */
  readonly url: string | undefined
  readonly config: FastifyContextConfig
  /** The operation's ID in the OpenAPI document. */
  readonly operationId: string | undefined
}

/**
 * The fields that have a getter on the request, each with the name of the step that writes it. On routes about a credential,
 * `credentialId` is written by `findCredential`, not by `resolveCredential`.
 */
export const finders = {
  route: 'findRoute',
  caller: 'authenticate',
  secretRequest: 'findSecretById',
  environment: 'enterEnvironment',
  awsCall: 'readAwsCall',
  secretName: 'parseSecretName',
  credentialId: 'resolveCredential',
  evidence: 'recordIntent',
  scope: 'openScope'
} as const satisfies Partial<Record<keyof Found, string>>

/** Returns a field that an earlier step wrote. @throws TypeError if that step did not run, or returned no such field */
export function readFound<K extends keyof typeof finders> (request: FastifyRequest, field: K): Found[K] {
  const value: Found[K] | undefined = request.found[field]
  if (value === undefined) throw new TypeError(`request.${field} was read, but the step ${finders[field]} has not found it`)
  return value
}

// Plugins add members to Fastify's types. The members that src/ uses are declared here.
declare module 'fastify' {
  interface FastifyInstance {
    audit: Trail
    /** The gateway's own metrics, such as the number of requests and of calls to AWS. */
    metrics: Metrics
    /** Returns true if the address belongs to a trusted proxy of the current configuration. */
    trustsProxy: TrustsProxy
    /** The request counters. Each has its own count and its own limit. */
    limits: Readonly<Record<'failures' | 'address' | 'claim' | 'caller' | 'environment' | 'refresh', Limiter>>
    /**
     * Records a refusal that happens before Fastify handles the request. Resolves to the problem for the reply. This is the
     * given problem or, if the refusal can't be recorded, `audit-unavailable`.
     */
    recordRefusal: (about: Pick<RequestEntry, 'requestId' | 'peer'>, problem: Problem) => Promise<Problem>
  }

  interface FastifyContextConfig {
    /**
     * The action that the route performs. The policies do not apply to `Public` and `Own` routes. `Public` routes are open to
     * everyone, even without a token. `Own` routes are open to every caller, because they give access only to what that caller
     * created.
     */
    action?: Action | 'Public' | 'Own'
    /** The kind of object that the route's path names. The `autohooks.ts` of the route's folder declares it. */
    about?: 'environment' | 'secret' | 'credential'
    /** False for a public route without a rate limit. A refused health probe would cause a restart of the process. */
    rateLimit?: false
    /** True if the route is served even when the gateway is overloaded, because it only reports the gateway's health. */
    servedWhenOverloaded?: true
    /** True if the route's body may contain `awsCredentialId`, as an alternative to the header. */
    bodyNamesCredential?: true
    /**
     * Returns false while the configuration disables the route. The reply is then the same as for a route that does not exist.
     */
    isOn?: () => boolean
    /** Returns the names of the headers that may contain the caller's token. Defaults to `Authorization`. */
    tokenHeaders?: () => readonly string[]
    /** The problem with which the route refuses every request. */
    refuses?: ProblemCode
    /** Parses a URL that identifies the secret by its AWS name or ARN, instead of an environment and a name in the path. */
    readSecretRequest?: ReadSecretRequest
    /**
     * True for the route for AWS's protocol. A header names the operation, which determines the action, and the body may name the
     * secret.
     */
    speaksAws?: true
    /** The names of the headers in the route's schema, in lower case. plugins/request.ts sets this list. */
    headers?: readonly string[]
  }

  interface FastifyRequest extends Pick<Found, keyof typeof finders> {
    /** The results of the steps so far. The log uses `found`, because a getter throws an error if its step has not run. */
    found: Partial<Found>
    /** The problem in the reply. Only `answerProblem` sets it. */
    problem?: Problem
    /** The error that was converted to a problem. Absent if a problem was thrown. Only plugins/errors.ts sets it. */
    thrown?: Error
    /** The handler's additions to the audit record of the outcome. Only `reportOutcome` sets it. */
    outcome?: OutcomeReport
    /** Adds details that only the handler knows to the audit record of the outcome. */
    reportOutcome: (report: OutcomeReport) => void
    /**
     * Records the outcome for each of several secrets. It must be called before the reply reveals any of these outcomes.
     *
     * @throws Problem `audit-unavailable`
     */
    reportSecrets: (outcomes: readonly SecretOutcome[]) => Promise<void>
    /** Returns the policies' decision on whether the caller may perform an action. On public routes, it is a denial. */
    decide: (action: Action, environment: Environment, credentialId: string, name?: string) => Decision
    /** Returns the policies' decision on whether the caller may see the environment. On public routes, it is a denial. */
    sees: (environment: Environment) => Decision
    /**
     * Opens a scope in an environment other than the one in the path. The scope uses that environment's default credential.
     *
     * @throws Problem `not-found` if the environment does not exist or the caller isn't allowed to see it
     * @throws Problem `forbidden` if one of the actions is denied in that environment
     */
    scopeIn: (environmentName: string, ...actions: readonly Action[]) => Scope
  }
}
