import { shapes } from '../../aws-model.ts'
import { fromAwsName, type SecretName } from '../../environments/names.ts'
import { awsFilters } from '../list.ts'
import { metadataFrom } from '../metadata.ts'
import type { SecretMetadata } from '../schemas.ts'
import type { Scope } from '../scope.ts'

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
