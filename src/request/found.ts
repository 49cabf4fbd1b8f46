import type { FastifyContextConfig, FastifyRequest } from 'fastify'
import type { RequestEntry } from '#src/audit/record'
import type { SecretOutcome } from '#src/audit/secret-outcome'
import type { Trail } from '#src/audit/trail'
import type { Caller } from '#src/authentication/caller'
import type { Action } from '#src/authorization/actions'
import type { Decision } from '#src/authorization/decision'
import type { Environment } from '#src/environments/environment'
import type { SecretName } from '#src/environments/names'
import type { Problem } from '#src/problems/problem'
import type { Scope } from '#src/secrets/scope'
import type { Evidence, OutcomeReport } from './audit-entries.ts'

/**
 * The results of the steps of a request. Each field is written once, by the step that returns it, and never changes afterwards.
 */
export interface Found {
  readonly route: MatchedRoute
  /** The address that the request came from. It is not a trusted proxy's. */
  readonly peer: string
  /** The authenticated sender. Not on public routes. */
  readonly caller: Caller
  /** The decision on whether the caller may see the environment in the path. Denied for an environment that does not exist. */
  readonly visibility: Decision
  /** The environment in the path, once the caller is known to be allowed to see it. */
  readonly environment: Environment
  /** The secret's name in the path, checked against the environment's rules. */
  readonly secretName: SecretName
  /** The ID of the AWS credential to use. Missing if the request names one that the environment does not allow. */
  readonly credentialId: string
  /** The policies' decision on the route's action on the environment, secret or credential in the path. */
  readonly decision: Decision
  /** The evidence for the request's later audit records. Its existence proves that the intent is on record. */
  readonly evidence: Evidence
  /** The use cases' working context. Only in handlers of routes about an environment or a secret. */
  readonly scope: Scope
}

/** The route that a request matches. */
export interface MatchedRoute {
  /** The pattern of the path. */
  readonly url: string | undefined
  readonly config: FastifyContextConfig
  /** The route's name in the OpenAPI document. */
  readonly operationId: string | undefined
}

/** The fields that have a getter on the request, with the step that writes each. */
export const finders = {
  route: 'findRoute',
  caller: 'authenticate',
  environment: 'enterEnvironment',
  secretName: 'parseSecretName',
  credentialId: 'resolveCredential',
  evidence: 'recordIntent',
  scope: 'openScope'
} as const satisfies Partial<Record<keyof Found, string>>

/** Reads a field that an earlier step has written. @throws TypeError if that step has not run, or found nothing */
export function readFound<K extends keyof typeof finders> (request: FastifyRequest, field: K): Found[K] {
  const value: Found[K] | undefined = request.found[field]
  if (value === undefined) throw new TypeError(`request.${field} was read, but the step ${finders[field]} has not found it`)
  return value
}

// Declares the additions of the plugins to Fastify that src/ depends on.
declare module 'fastify' {
  interface FastifyInstance {
    /** The audit trail. */
    audit: Trail
    /**
     * Records a refusal that happens before there is a request. Resolves to the problem to answer with: the one given or, if it
     * can't be recorded, `audit-unavailable`.
     */
    recordRefusal: (about: Pick<RequestEntry, 'requestId' | 'peer'>, problem: Problem) => Promise<Problem>
  }

  interface FastifyContextConfig {
    /**
     * The action that requests on the route perform. Two are not subject to the policies: `Public` is open to everyone, even
     * without a token, and `Own` is open to every caller, since it applies only to objects that the caller created.
     */
    action?: Action | 'Public' | 'Own'
    /** The subject of the route's action, named by the parameters `env`, `name` or `id` of its path. Its folder declares it. */
    about?: 'environment' | 'secret' | 'credential'
    /** True if the route's body may contain `awsCredentialId`, as an alternative to the header. */
    bodyNamesCredential?: true
    /** The headers in the route's schema, in lower case. plugins/request.ts fills it in. */
    headers?: readonly string[]
  }

  interface FastifyRequest extends Pick<Found, keyof typeof finders> {
    /** The results of the steps so far, for the log and the audit trail, which may read them at any time. */
    found: Partial<Found>
    /** The problem in the reply. `answerProblem` is its only writer. */
    problem?: Problem
    /** The handler's contribution to the audit record of the outcome. `reportOutcome` is its only writer. */
    outcome?: OutcomeReport
    /** Adds details that only the handler knows to the audit record of the outcome. */
    reportOutcome: (report: OutcomeReport) => void
    /**
     * Records the outcome for each of several secrets, and must be called before the reply reveals any of it.
     *
     * @throws Problem `audit-unavailable`
     */
    reportSecrets: (outcomes: readonly SecretOutcome[]) => Promise<void>
    /** Decides by the policies whether this caller may perform an action. Always denied on public routes. */
    decide: (action: Action, environment: Environment, credentialId: string, name?: string) => Decision
    /** Decides by the policies whether this caller may see the environment. */
    sees: (environment: Environment) => Decision
    /**
     * Opens a scope in an environment that the path does not name, through that environment's default credential.
     *
     * @throws Problem `not-found` if the caller may not see it, `forbidden` if one of the actions is denied there
     */
    scopeIn: (environmentName: string, ...actions: readonly Action[]) => Scope
  }
}
