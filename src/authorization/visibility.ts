import type { Caller } from '#src/authentication/caller'
import type { Environment } from '#src/environments/environment'
import type { Authorize, Decision } from './decision.ts'

type Place = Pick<Environment, 'name' | 'credential' | 'allowedCredentials'>

/**
 * Whether a caller may see that there is an environment: through any of its credentials, since which of them a request uses is
 * nobody's business who may not even see it. To a caller who may not, it does not exist.
 */
export function seesEnvironment (authorize: Authorize, caller: Caller, environment: Place): Decision {
  const { name, credential, allowedCredentials } = environment
  const through = (credentialId: string): Decision => authorize({ caller, action: 'DescribeEnvironment', credentialId, environment: name })
  return allowedCredentials.map(through).find(({ allowed }) => allowed) ?? through(credential)
}
