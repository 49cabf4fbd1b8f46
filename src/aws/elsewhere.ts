import { compareAccounts } from '#src/credentials/accounts'
import type { CredentialDefinition } from '#src/credentials/definition'
import type { Environment } from '#src/environments/environment'
import type { SecretName } from '#src/environments/names'
import type { AwsCall } from './call.ts'
import { fromAwsName, toAwsName } from './names.ts'

/** A secret that another declared environment has, or would have, under the same name in AWS. */
export interface SecretElsewhere {
  readonly environment: Environment
  /** The name that the secret has in that environment. It differs if the environments have different prefixes. */
  readonly name: SecretName
}

interface Declared {
  readonly environments: ReadonlyMap<string, Environment>
  readonly credentials: ReadonlyMap<string, CredentialDefinition>
}

/**
 * Returns the secrets of other environments that have the same name in AWS as a secret of the call's environment. They are in
 * other regions, where AWS would put the secret's replicas. Environments count unless they are certainly in a different account.
 */
export function secretsElsewhere (
  { environments, credentials }: Declared, { environment, credentialId }: Pick<AwsCall, 'environment' | 'credentialId'>, name: SecretName
): SecretElsewhere[] {
  const awsName = toAwsName(environment, name)
  const holder = { ...environment, allowedCredentials: [credentialId] }
  return Array.from(environments.values()).flatMap((other) => {
    const nameThere = fromAwsName(other, awsName)
    if (nameThere === undefined || other.region === environment.region) return []
    return compareAccounts(credentials, holder, other) === 'different' ? [] : [{ environment: other, name: nameThere }]
  })
}
