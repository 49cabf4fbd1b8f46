import type { FastifyRequest } from 'fastify'
import type { Action } from '#src/authorization/actions'
import type { SecretsPort } from '#src/aws/port'
import type { Environment } from '#src/environments/environment'
import type { SecretName, UnaddressableName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import type { Scope } from '#src/secrets/scope'

/**
 * Creates the context that a handler passes to its use cases. It collects evidence for the request's audit records: every
 * authorization decision that a use case asks for, and the ID of every AWS request.
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
 * Opens a scope in an environment other than the one in the request's path. The scope uses that environment's default credential.
 *
 * @param environment undefined if the environment that the request names does not exist
 * @throws Problem `not-found` if the environment does not exist or the caller isn't allowed to see it
 * @throws Problem `forbidden` if one of the actions is denied in that environment
 */
export function openScopeIn (
  request: FastifyRequest, environment: Environment | undefined, actions: readonly Action[], aws: SecretsPort
): Scope {
  if (environment === undefined || !request.sees(environment).allowed) throw new Problem('not-found')
  const { credential } = environment
  if (!actions.every((action) => decideAndKeep(request, action, environment, credential))) throw new Problem('forbidden')
  return openScope(request, environment, credential, aws)
}

/** Returns true if the policies allow the action. Adds the decision to the evidence for the request's audit records. */
function decideAndKeep (
  request: FastifyRequest, action: Action, environment: Environment, credentialId: string, name?: SecretName | UnaddressableName
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
