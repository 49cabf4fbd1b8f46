import type { FastifyRequest } from 'fastify'
import type { Action } from '#src/authorization/actions'
import type { SecretsPort } from '#src/aws/port'
import type { Environment } from '#src/environments/environment'
import type { SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import type { Scope } from '#src/secrets/scope'

/**
 * Opens the use cases' working context for a request. Every decision in it, and every AWS request ID, becomes evidence for the
 * request's audit records.
 */
export function openScope (request: FastifyRequest, environment: Environment, credentialId: string, aws: SecretsPort): Scope {
  const { evidence } = request
  return {
    environment,
    credentialId,
    callerId: request.caller.id,
    aws,
    onResponse: (awsRequestId) => { evidence.awsRequestIds.push(awsRequestId) },
    may: (action, name) => decideAndKeep(request, action, environment, credentialId, name)
  }
}

/**
 * Opens a scope in an environment that the request's path does not name, through that environment's default credential.
 *
 * @param environment undefined if no environment has the name in the request
 * @throws Problem `not-found` if the caller may not see it, `forbidden` if one of the actions is denied there
 */
export function openScopeIn (
  request: FastifyRequest, environment: Environment | undefined, actions: readonly Action[], aws: SecretsPort
): Scope {
  if (environment === undefined || !request.sees(environment).allowed) throw new Problem('not-found')
  const { credential } = environment
  if (!actions.every((action) => decideAndKeep(request, action, environment, credential))) throw new Problem('forbidden')
  return openScope(request, environment, credential, aws)
}

/** Decides by the policies on a further action that the request needs, and keeps the decision as evidence. */
function decideAndKeep (
  request: FastifyRequest, action: Action, environment: Environment, credentialId: string, name?: SecretName
): boolean {
  const { evidence, found: { environment: inPath } } = request
  const { allowed, policies } = request.decide(action, environment, credentialId, name)
  evidence.decisions.push({
    ...(environment !== inPath && { environment: environment.name }),
    action,
    ...(name !== undefined && { name }),
    allowed,
    policies
  })
  return allowed
}
