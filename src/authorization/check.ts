import type { Caller } from '#src/authentication/caller'
import type { Environment } from '#src/environments/environment'
import { parseSecretName } from '#src/environments/names'
import { invalidRequest, Problem } from '#src/problems/problem'
import { actionTable, type Action, type ResourceType } from './actions.ts'
import { denied, type Authorize, type Decision, type Question } from './decision.ts'
import { seesEnvironment } from './visibility.ts'

/** A question as a request puts it. */
export interface Check {
  readonly action: Action
  readonly environment?: string
  readonly name?: string
  /** The environment's own where absent. */
  readonly awsCredentialId?: string
  /** Who would do it; who asks, where absent. */
  readonly caller?: Caller
}

/** What names a resource of each type. */
const naming: Readonly<Record<ResourceType, string>> = {
  Environment: 'environment, and no name',
  Secret: 'environment and name',
  Credential: 'awsCredentialId, and neither environment nor name'
}

function resourceType ({ action, environment, name, awsCredentialId }: Check): ResourceType {
  const { on } = actionTable[action]
  const type = name !== undefined ? 'Secret' : environment !== undefined ? 'Environment' : 'Credential'
  const isNamed = type === 'Credential' ? awsCredentialId !== undefined : environment !== undefined
  if (isNamed && on.includes(type)) return type
  throw invalidRequest({ in: 'body', pointer: '', message: `must have, with this action, ${on.map((each) => naming[each]).join('; or ')}` })
}

/**
 * What the gateway would answer to somebody who did this. An environment that the one who asks may not see does not exist; and to
 * ask about others is a permission of its own.
 *
 * @throws Problem `invalid-request`, `not-found`, `forbidden`
 */
export function checkAuthorization (
  authorize: Authorize, environments: ReadonlyMap<string, Environment>, asker: Caller, asked: Check
): Decision {
  const type = resourceType(asked)
  const environment = environments.get(asked.environment ?? '')
  if (type !== 'Credential' && (environment === undefined || !seesEnvironment(authorize, asker, environment).allowed)) {
    throw new Problem('not-found')
  }
  const place = {
    credentialId: asked.awsCredentialId ?? environment?.credential ?? '',
    ...(environment !== undefined && { environment: environment.name })
  }
  const mayAsk = (): boolean => (environment?.allowedCredentials.includes(place.credentialId) ?? true) &&
    authorize({ ...place, caller: asker, action: 'CheckAuthorization' }).allowed
  if (asked.caller !== undefined && !mayAsk()) throw new Problem('forbidden')

  const { caller = asker, action } = asked
  if (environment === undefined) return authorize({ ...place, caller, action })
  return decideIn(authorize, environment, { ...place, caller, action, ...nameIn(environment, asked.name) })
}

function nameIn (environment: Environment, text: string | undefined): { name?: string } {
  if (text === undefined) return {}
  const parsed = parseSecretName(environment, text)
  if ('name' in parsed) return parsed
  throw invalidRequest({ in: 'body', pointer: '/name', message: parsed.mistake })
}

/** As a request would be decided on: the environment, the credential, and then the action. */
function decideIn (authorize: Authorize, environment: Environment, question: Question): Decision {
  const sees = seesEnvironment(authorize, question.caller, environment)
  if (!sees.allowed || question.action === 'DescribeEnvironment') return sees
  return environment.allowedCredentials.includes(question.credentialId) ? authorize(question) : denied
}
