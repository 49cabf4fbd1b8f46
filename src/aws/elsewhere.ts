import { compareAccounts } from '#src/credentials/accounts'
import type { CredentialDefinition } from '#src/credentials/definition'
import type { Environment } from '#src/environments/environment'
import type { AnyName, SecretName } from '#src/environments/names'
import type { AwsCall } from './call.ts'
import { anyNameFrom, toAwsName } from './names.ts'

/** A secret of another declared environment that has the same name in AWS as a given secret. The secret need not exist. */
export interface SecretElsewhere {
  readonly environment: Environment
  /** The secret's name in that environment. It differs from the given secret's name if the environments' prefixes differ. */
  readonly name: AnyName
}

interface Declared {
  readonly environments: ReadonlyMap<string, Environment>
  readonly credentials: ReadonlyMap<string, CredentialDefinition>
}

/**
 * Returns the secrets of other environments that have the same name in AWS as a secret of the call's environment, but are in
 * other regions. A replica of the secret in such a region would have this name, too. Environments that are certainly in a
 * different account are left out.
 */
export function secretsElsewhere (
  { environments, credentials }: Declared, { environment, credentialId }: Pick<AwsCall, 'environment' | 'credentialId'>, name: SecretName
): SecretElsewhere[] {
  const awsName = toAwsName(environment, name)
  const holder = { ...environment, allowedCredentials: [credentialId] }
  return Array.from(environments.values()).flatMap((other) => {
    const nameThere = anyNameFrom(other, awsName)
    if (nameThere === undefined || other.region === environment.region) return []
    return compareAccounts(credentials, holder, other) === 'different' ? [] : [{ environment: other, name: nameThere }]
  })
}
