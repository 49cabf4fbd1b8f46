import { shapes } from '#src/aws-model/shapes'
import type { AwsCall } from '#src/aws/call'
import type { SecretMetadata } from '#src/aws/secret'
import type { AnyName, UnaddressableName } from '#src/environments/names'
import type { Scope } from './scope.ts'
import { selects, type Selection } from './selection.ts'
import { isAddressable, isUnaddressable } from './unaddressable.ts'

/** The secrets of an environment, grouped by whether the gateway can address them. */
export interface AllSecrets {
  secrets: SecretMetadata[]
  /** The secrets that the gateway can't address because of their names. They are not in `secrets`. */
  unaddressable: SecretMetadata<UnaddressableName>[]
}

/**
 * Returns all secrets of the environment that match the filters exactly, from all of AWS's pages. The caller's permissions are
 * not checked.
 *
 * @throws Problem `invalid-request` if the prefix is longer than any secret name can be
 * @throws Problem for any AWS error
 */
export async function allSecrets (
  scope: AwsCall & Pick<Scope, 'aws'>, filters: Selection, { includePlannedDeletion }: { includePlannedDeletion?: boolean } = {}
): Promise<AllSecrets> {
  const pages: SecretMetadata<AnyName>[][] = []
  let cursor: string | undefined
  do {
    const { items, nextCursor } = await scope.aws.listSecrets(scope, {
      filters, includePlannedDeletion, limit: shapes.MaxResultsType.max, cursor
    })
    pages.push(items.filter((secret) => selects(filters, secret)))
    cursor = nextCursor
  } while (cursor !== undefined)
  const found = pages.flat()
  return { secrets: found.filter(isAddressable), unaddressable: found.filter(isUnaddressable) }
}
