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
  const { evidence } = request.found
  if (evidence === undefined) throw new TypeError('A scope was opened before the intent was recorded')
  return {
    environment,
    credentialId,
    callerId: request.caller.id,
    aws,
    onResponse: (awsRequestId) => { evidence.awsRequestIds.push(awsRequestId) },
    may: (action, name) => decideOnTheWay(request, action, environment, credentialId, name)
  }
}

/**
 * Opens a scope in an environment that the request's path does not name, through that environment's default credential.
 *
 * @param environment undefined if there is none of the name that the request gives
 * @throws Problem `not-found` if the caller may not see it, `forbidden` if one of the actions is denied there
 */
export function openScopeIn (
  request: FastifyRequest, environment: Environment | undefined, actions: readonly Action[], aws: SecretsPort
): Scope {
  if (environment === undefined || !request.sees(environment).allowed) throw new Problem('not-found')
  const { credential } = environment
  if (!actions.every((action) => decideOnTheWay(request, action, environment, credential))) throw new Problem('forbidden')
  return openScope(request, environment, credential, aws)
}

/** Asks the policies about an action that the request turns out to need, and keeps the answer as evidence. */
function decideOnTheWay (
  request: FastifyRequest, action: Action, environment: Environment, credentialId: string, name?: SecretName
): boolean {
  const { evidence, environment: inPath } = request.found
  if (evidence === undefined) throw new TypeError('A scope was used before the intent was recorded')
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
