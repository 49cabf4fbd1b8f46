import type { Caller } from '#src/authentication/caller'
import type { Environment } from '#src/environments/environment'
import { parseSecretName } from '#src/environments/names'
import { invalidRequest, Problem } from '#src/problems/problem'
import { forEachInTurns } from '#src/scheduling/turns'
import { actionNames, actionTable, type Action, type ResourceType } from './actions.ts'
import { denied, type Authorize, type Decision, type Question } from './decision.ts'
import { unknownEnvironment } from './unknown-environment.ts'
import { seesEnvironment } from './visibility.ts'

/** A question about permissions, as sent in a request. */
export interface Check {
  readonly action: Action
  readonly environment?: string
  readonly name?: string
  /** Defaults to the environment's credential. */
  readonly awsCredentialId?: string
  /** The caller whose permissions are queried. Defaults to the sender of the request. */
  readonly caller?: Caller
}

/** The members that identify a resource of each type, for the error message. */
const identifyingMembers: Readonly<Record<ResourceType, string>> = {
  Environment: 'environment, and no name',
  Secret: 'environment and name',
  Credential: 'awsCredentialId, and neither environment nor name'
}

function resourceType ({ action, environment, name, awsCredentialId }: Check): ResourceType {
  const { on } = actionTable[action]
  const type = name !== undefined ? 'Secret' : environment !== undefined ? 'Environment' : 'Credential'
  const isComplete = type === 'Credential' ? awsCredentialId !== undefined : environment !== undefined
  if (isComplete && on.includes(type)) return type
  throw invalidRequest({ in: 'body', pointer: '', message: `must have, with this action, ${on.map((each) => identifyingMembers[each]).join('; or ')}` })
}

/**
 * Returns the decision that the gateway would make for a request.
 *
 * @param requester the sender of the request; asking about another caller requires the permission `CheckAuthorization`
 * @throws Problem `invalid-request`, `forbidden`
 * @throws Problem `not-found` if the environment does not exist, or if the requester isn't allowed to see it
 */
export function checkAuthorization (
  authorize: Authorize, environments: ReadonlyMap<string, Environment>, requester: Caller, check: Check
): Decision {
  const environment = resourceType(check) === 'Credential' ? undefined : visibleEnvironment(authorize, environments, requester, check.environment)
  const place = {
    credentialId: check.awsCredentialId ?? environment?.credential ?? '',
    ...(environment !== undefined && { environment: environment.name })
  }
  const mayAsk = (): boolean => (environment?.allowedCredentials.includes(place.credentialId) ?? true) &&
    authorize({ ...place, caller: requester, action: 'CheckAuthorization' }).allowed
  if (check.caller !== undefined && !mayAsk()) throw new Problem('forbidden')

  const { caller = requester, action } = check
  if (environment === undefined) return authorize({ ...place, caller, action })
  return decideIn(authorize, environment, { ...place, caller, action, ...nameIn(environment, check.name, 'body') })
}

/**
 * Returns the actions that the gateway would allow a caller in an environment or on a secret in it. They are decided for the
 * environment's default credential.
 *
 * @throws Problem `invalid-request`
 * @throws Problem `not-found` if the environment does not exist, or if the caller isn't allowed to see it
 */
export async function allowedActions (
  authorize: Authorize, environments: ReadonlyMap<string, Environment>, caller: Caller,
  place: { environment: string, name?: string }
): Promise<Action[]> {
  const { name } = place
  const environment = visibleEnvironment(authorize, environments, caller, place.environment)
  const question = { caller, credentialId: environment.credential, environment: environment.name, ...nameIn(environment, name, 'query') }
  const type = name === undefined ? 'Environment' : 'Secret'
  const allowed: Action[] = []
  await forEachInTurns(actionNames.filter((action) => actionTable[action].on.includes(type)), (action) => {
    if (decideIn(authorize, environment, { ...question, action }).allowed) allowed.push(action)
  })
  return allowed
}

function visibleEnvironment (authorize: Authorize, environments: ReadonlyMap<string, Environment>, caller: Caller, name = ''): Environment {
  const sees = (one: Environment): boolean => seesEnvironment(authorize, caller, one).allowed
  const environment = environments.get(name)
  if (environment !== undefined && sees(environment)) return environment
  throw unknownEnvironment(name, environments.values(), sees)
}

/** @param part the part of the request that has the name */
function nameIn (environment: Environment, text: string | undefined, part: 'body' | 'query'): { name?: string } {
  if (text === undefined) return {}
  const parsed = parseSecretName(environment, text)
  if ('name' in parsed) return parsed
  throw invalidRequest({ in: part, pointer: '/name', message: parsed.mistake })
}

/**
 * Makes the same checks as for a real request, in the same order: that the caller is allowed to see the environment, that the
 * environment allows the credential, and that the policies allow the action.
 */
function decideIn (authorize: Authorize, environment: Environment, question: Question): Decision {
  const sees = seesEnvironment(authorize, question.caller, environment)
  if (!sees.allowed || question.action === 'DescribeEnvironment') return sees
  return environment.allowedCredentials.includes(question.credentialId) ? authorize(question) : denied
}
