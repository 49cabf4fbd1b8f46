import { shapes } from '#src/aws-model/shapes'
import { fromAwsName, type SecretName } from '#src/environments/names'
import { awsFilters } from '#src/secrets/list'
import { metadataFrom } from '#src/secrets/metadata'
import type { SecretMetadata } from '#src/secrets/schemas'
import type { Scope } from '#src/secrets/scope'

/**
 * The state of every secret that AWS has in the environment, also of those that are scheduled for deletion. Whether the caller
 * may see them is not asked here.
 *
 * @throws Problem `invalid-request` for a prefix that is longer than any name, and as AWS answers
 */
export async function secretStates (scope: Scope, namePrefix = ''): Promise<Map<SecretName, SecretMetadata['state']>> {
  const states = new Map<SecretName, SecretMetadata['state']>()
  const Filters = awsFilters(scope, { namePrefix })
  const request = { Filters, IncludePlannedDeletion: true, MaxResults: shapes.MaxResultsType.max }
  let cursor: string | undefined
  do {
    const { SecretList = [], NextToken } = await scope.aws.listSecrets({ ...request, NextToken: cursor })
    for (const entry of SecretList) {
      const name = fromAwsName(scope.environment, entry.Name ?? '')
      if (name !== undefined) states.set(name, metadataFrom(name, entry).state)
    }
    cursor = NextToken
  } while (cursor !== undefined)
  return states
}
