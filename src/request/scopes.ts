import type { FastifyRequest } from 'fastify'
import type { Caller, Proof } from '#src/authentication/caller'
import type { Action } from '#src/authorization/actions'
import type { Authorize } from '#src/authorization/decision'
import { unknownEnvironment } from '#src/authorization/unknown-environment'
import { seesCredential } from '#src/authorization/visibility'
import type { SecretElsewhere } from '#src/aws/elsewhere'
import type { SecretsPort } from '#src/aws/port'
import type { Environment } from '#src/environments/environment'
import type { AnyName, SecretName } from '#src/environments/names'
import type { SecretDecision } from '#src/audit/secret-outcome'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'
import type { Counterpart, Scope } from '#src/secrets/scope'
import { addAwsCall } from './audit-entries.ts'
import { spanOf } from './spanned.ts'

/** The dependencies that the scopes of all requests share. */
export interface ScopeContext {
  readonly aws: SecretsPort
  readonly authorize: Authorize
  /** Returns the caller that a proof identifies in the current configuration. @throws Problem `unauthenticated` */
  readonly recognize: (proof: Proof) => Caller
  /** Returns the secrets that have the same name in AWS, but belong to other declared environments. */
  readonly findElsewhere: (scope: Pick<Scope, 'environment' | 'credentialId'>, name: SecretName) => SecretElsewhere[]
  /** Returns the environments of the current configuration. */
  readonly environments: () => ReadonlyMap<string, Environment>
}

/** A request, or a job that continues without its request. Decides what its caller may do. */
export interface Requester extends Pick<FastifyRequest, 'evidence' | 'caller' | 'decide' | 'sees'> {
  readonly found: Pick<FastifyRequest['found'], 'environment' | 'signal' | 'trace'>
}

/**
 * Creates the context that a handler passes to its use cases. It collects evidence for the request's audit records: every
 * authorization decision that a use case requests, and the ID of every AWS request.
 */
export function openScope (
  request: Requester, environment: Environment, credentialId: string, context: ScopeContext
): Scope {
  const { evidence, found: { signal } } = request
  const span = spanOf(request)
  return {
    environment,
    credentialId,
    callerId: request.caller.id,
    mayNameCredential: () => seesCredential(context.authorize, request.caller, credentialId),
    aws: context.aws,
    ...signal !== undefined && { signal },
    ...span !== undefined && { span },
    ...evidence.recordIntent !== undefined && { beforeSending: evidence.recordIntent },
    onResponse: (awsRequestId) => { addAwsCall(evidence, awsRequestId) },
    may: (action, name) => decideAndRecord(request, evidence.decisions.add, { action, environment, credentialId, name }),
    mayFound: (action, name) =>
      decideAndRecord(request, evidence.decisions.addFound, { action, environment, credentialId, name }),
    counterparts: (name) => context.findElsewhere({ environment, credentialId }, name)
      .map((secret) => counterpart(request, credentialId, secret, name))
  }
}

/**
 * Describes a secret of another environment. `may` decides for the credential that the call uses. If the other environment does
 * not allow that credential, `may` decides for that environment's default credential.
 */
function counterpart (
  request: Requester, usedId: string, { environment, name }: SecretElsewhere, replicaOf: SecretName
): Counterpart {
  const { region, deletionProtection, credential, allowedCredentials } = environment
  const credentialId = allowedCredentials.includes(usedId) ? usedId : credential
  const { add } = request.evidence.decisions
  return {
    region,
    deletionProtection,
    may (action) {
      const allowed = decideAndRecord(request, add, { action, environment, credentialId, name, replicaOf })
      return allowed && request.sees(environment).allowed
    }
  }
}

/**
 * Opens a scope in an environment other than the one in the request's path. The scope uses that environment's default credential.
 *
 * @param name the environment's name in the request, which must be a valid name
 * @throws Problem `not-found` if the environment does not exist or the caller isn't allowed to see it
 * @throws Problem `forbidden` if one of the actions is denied in that environment
 */
export function openScopeIn (
  request: Requester, name: string, actions: readonly Action[], context: ScopeContext
): Scope {
  const sees = (one: Environment): boolean => request.sees(one).allowed
  const environments = context.environments()
  const environment = environments.get(name)
  if (environment === undefined || !sees(environment)) throw unknownEnvironment(name, environments.values(), sees)
  const { credential: credentialId } = environment
  const { add } = request.evidence.decisions
  if (!actions.every((action) => decideAndRecord(request, add, { action, environment, credentialId }))) throw new Problem('forbidden')
  return openScope(request, environment, credentialId, context)
}

/** A question for the policies. If the question is about a replica, `replicaOf` is the name of the replicated secret. */
interface PolicyQuestion {
  readonly action: Action
  readonly environment: Environment
  readonly credentialId: string
  readonly name?: AnyName
  readonly replicaOf?: SecretName
}

/**
 * Returns true if the policies allow the action.
 *
 * @param add adds the decision to the evidence for the request's audit records
 */
function decideAndRecord (request: Requester, add: (decision: SecretDecision) => void, question: PolicyQuestion): boolean {
  const { action, environment, credentialId, name, replicaOf } = question
  const { allowed, policies } = request.decide(action, environment, credentialId, name)
  const isElsewhere = environment !== request.found.environment
  add({ ...isElsewhere && { environment: environment.name }, action, ...compact({ name, replicaOf }), allowed, policies })
  return allowed
}
