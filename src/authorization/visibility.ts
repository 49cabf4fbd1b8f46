import type { Caller } from '#src/authentication/caller'
import type { Environment } from '#src/environments/environment'
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
