import type { Caller } from '#src/authentication/caller'
import type { Environment, VisibleEnvironment } from '#src/environments/environment'
import { compact } from '#src/json/compact'
import type { Authorize, Decision } from './decision.ts'

type Place = Pick<Environment, 'name' | 'credential' | 'allowedCredentials'>

/**
 * Decides whether a caller is allowed to see an environment. Permission with any of the environment's credentials is enough, so
 * the answer does not depend on the credential that a request uses. Callers that aren't allowed to see an environment must get
 * the same reply as if it did not exist.
 */
export function seesEnvironment (authorize: Authorize, caller: Caller, environment: Place): Decision {
  const { name, credential, allowedCredentials } = environment
  const through = (credentialId: string): Decision => authorize({ caller, action: 'DescribeEnvironment', credentialId, environment: name })
  return allowedCredentials.map(through).find(({ allowed }) => allowed) ?? through(credential)
}

/**
 * Returns an environment that the caller may see, without the parts for which the caller lacks a further permission:
 *
 * - Only the credentials that the caller may see are included.
 * - The account is included if the caller may see at least one of the credentials.
 * - Only the required secrets that the caller may describe with the environment's default credential are included.
 */
export function visibleParts (authorize: Authorize, caller: Caller, environment: Environment): VisibleEnvironment {
  const { account, credential: credentialId, allowedCredentials, requiredSecrets, name: environmentName } = environment
  const visible = allowedCredentials.filter((id) => seesCredential(authorize, caller, id))
  return compact({
    ...environment,
    account: visible.length > 0 ? account : undefined,
    credential: visible.includes(credentialId) ? credentialId : undefined,
    allowedCredentials: visible,
    requiredSecrets: requiredSecrets.filter((name) =>
      authorize({ caller, action: 'DescribeSecret', credentialId, environment: environmentName, name }).allowed)
  })
}

/** Returns true if the caller may see the AWS credential. */
export const seesCredential = (authorize: Authorize, caller: Caller, credentialId: string): boolean =>
  authorize({ caller, action: 'DescribeCredential', credentialId }).allowed
