import type { NewerOperation } from '#src/aws-model/newer'
import type { Input } from '#src/aws-protocol/input'
import { validateInput } from '#src/aws-protocol/validation'
import { authorize } from '#src/local-backend/rules/authorization'
import type { CallContext } from '#src/local-backend/rules/context'
import type { Access } from './access.ts'
import { associateCrossAccountReplica } from './associate-cross-account-replica.ts'
import { batchGetSecretValue } from './batch-get-secret-value.ts'
import { cancelRotateSecret } from './cancel-rotate-secret.ts'
import { createSecret } from './create-secret.ts'
import { deleteResourcePolicy } from './delete-resource-policy.ts'
import { deleteSecret } from './delete-secret.ts'
import { describeSecret } from './describe-secret.ts'
import { disassociateCrossAccountReplica } from './disassociate-cross-account-replica.ts'
import { getRandomPassword } from './get-random-password.ts'
import { getResourcePolicy } from './get-resource-policy.ts'
import { getSecretValue } from './get-secret-value.ts'
import { listResourcePolicies } from './list-resource-policies.ts'
import { listSecretVersionIds } from './list-secret-version-ids.ts'
import { listSecrets } from './list-secrets.ts'
import { putResourcePolicy } from './put-resource-policy.ts'
import { putSecretValue } from './put-secret-value.ts'
import { removeRegionsFromReplication } from './remove-regions-from-replication.ts'
import { replicateSecretToRegions } from './replicate-secret-to-regions.ts'
import { restoreSecret } from './restore-secret.ts'
import { rotateSecret } from './rotate-secret.ts'
import { stopReplicationToReplica } from './stop-replication-to-replica.ts'
import { tagResource } from './tag-resource.ts'
import { untagResource } from './untag-resource.ts'
import { updateSecretVersionStage } from './update-secret-version-stage.ts'
import { updateSecret } from './update-secret.ts'
import { validateResourcePolicy } from './validate-resource-policy.ts'

/**
 * Carries out one request and returns the reply; undefined if the reply is empty.
 *
 * @throws AwsError `AccessDeniedException` if the caller lacks the permission, and any error of the operation
 */
export type Handler = (context: CallContext) => object | undefined

/** An operation that the backend implements. */
export interface ImplementedOperation {
  access: Access
  /**
   * Validates a request's parsed body and returns its handler.
   *
   * @throws AwsError `SerializationException` or `ValidationException`
   */
  read: (body: unknown) => Handler
}

/** The implemented operations, by AWS's names. */
export const operations: ReadonlyMap<string, ImplementedOperation> = new Map([
  implement('AssociateCrossAccountReplica', 'writes', associateCrossAccountReplica),
  implement('BatchGetSecretValue', 'reads', batchGetSecretValue),
  implement('CancelRotateSecret', 'writes', cancelRotateSecret),
  implement('CreateSecret', 'writes', createSecret),
  implement('DeleteResourcePolicy', 'writes', deleteResourcePolicy),
  implement('DeleteSecret', 'writes', deleteSecret),
  implement('DescribeSecret', 'reads', describeSecret),
  implement('DisassociateCrossAccountReplica', 'writes', disassociateCrossAccountReplica),
  implement('GetRandomPassword', 'none', getRandomPassword),
  implement('GetResourcePolicy', 'reads', getResourcePolicy),
  implement('GetSecretValue', 'reads', getSecretValue),
  implement('ListResourcePolicies', 'reads', listResourcePolicies),
  implement('ListSecretVersionIds', 'reads', listSecretVersionIds),
  implement('ListSecrets', 'reads', listSecrets),
  implement('PutResourcePolicy', 'writes', putResourcePolicy),
  implement('PutSecretValue', 'writes', putSecretValue),
  implement('RemoveRegionsFromReplication', 'writes', removeRegionsFromReplication),
  implement('ReplicateSecretToRegions', 'writes', replicateSecretToRegions),
  implement('RestoreSecret', 'writes', restoreSecret),
  implement('RotateSecret', 'writes', rotateSecret),
  implement('StopReplicationToReplica', 'writes', stopReplicationToReplica),
  implement('TagResource', 'writes', tagResource),
  implement('UntagResource', 'writes', untagResource),
  implement('UpdateSecret', 'writes', updateSecret),
  implement('UpdateSecretVersionStage', 'writes', updateSecretVersionStage),
  implement('ValidateResourcePolicy', 'reads', validateResourcePolicy)
])

function implement<Name extends NewerOperation> (
  name: Name, access: Access, carryOut: (input: Input<Name>, context: CallContext) => object | undefined
): [string, ImplementedOperation] {
  return [name, {
    access,
    read (body) {
      const input = validateInput(name, body)
      return (context) => carryOut(input, authorize(context, name, input))
    }
  }]
}
