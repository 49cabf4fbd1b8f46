import type { DeleteSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import { limits } from '#src/aws-model/limits'
import { AwsError, errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import { seconds, type WireForm } from '#src/aws-protocol/wire-form'
import { checkChangeable } from '#src/local-backend/rules/changeable-secret'
import type { CallContext } from '#src/local-backend/rules/context'
import { attachedReplica } from '#src/local-backend/rules/cross-account-replication'
import { day } from '#src/local-backend/rules/day'
import { findActiveSecret, findSecret, nameIn, newArn } from '#src/local-backend/rules/secret-id'
import { replicationsOf } from '#src/local-backend/store/replications'
import { purgeSecret, updateSecret, type Secret } from '#src/local-backend/store/secrets'

type Output = WireForm<DeleteSecretCommandOutput>

/**
 * Schedules a secret's deletion for the end of its recovery window. With `ForceDeleteWithoutRecovery`, deletes the secret
 * immediately and permanently.
 */
export function deleteSecret (input: Input<'DeleteSecret'>, context: CallContext): Output {
  const { SecretId, ForceDeleteWithoutRecovery, RecoveryWindowInDays } = input
  if (ForceDeleteWithoutRecovery) {
    if (RecoveryWindowInDays !== undefined) throw errors.forceWithRecoveryWindow()
    return deleteImmediately(context, SecretId)
  }
  const { min, max, default: defaultDays } = limits.recoveryWindowInDays
  const days = RecoveryWindowInDays ?? defaultDays
  if (days < min || days > max) throw errors.recoveryWindowOutOfRange(min, max)

  const secret = findActiveSecret(context, SecretId)
  checkDeletable(context, secret)
  const purgeAt = context.now + days * day
  updateSecret(context.store, { ...secret, deletedAt: context.now, purgeAt }, context.now)
  return { ARN: secret.arn, Name: secret.name, DeletionDate: seconds(purgeAt) }
}

/** Deletes a secret without a recovery window. Like AWS, this succeeds even if the secret doesn't exist. */
function deleteImmediately (context: CallContext, secretId: string): Output {
  const DeletionDate = seconds(context.now)
  try {
    const secret = findSecret(context, secretId)
    checkDeletable(context, secret)
    removeLater(context, secret)
    return { ARN: secret.arn, Name: secret.name, DeletionDate }
  } catch (error) {
    const name = nameIn(context.scope, secretId)
    if (!(error instanceof AwsError) || error.type !== 'ResourceNotFoundException' || name === undefined) throw error
    return { ARN: newArn(context.scope, name), Name: name, DeletionDate }
  }
}

/** Deletes a secret after a delay, as AWS does. Until then, the secret is marked for deletion and its name is in use. */
function removeLater ({ store, now, faults }: CallContext, secret: Secret): void {
  const delay = faults.forcedDeletionDelay()
  if (delay === 0) purgeSecret(store, secret)
  else updateSecret(store, { ...secret, deletedAt: now, purgeAt: Math.min(secret.purgeAt ?? Infinity, now + delay) }, now)
}

/**
 * Checks that a secret may be deleted.
 *
 * @throws AwsError the errors of `checkChangeable`, or one of these errors:
 * - `InvalidParameterException` if the secret has replicas in other regions
 * - `InvalidRequestException` if the secret has a replica in another account
 */
function checkDeletable (context: CallContext, secret: Secret): void {
  checkChangeable(context, secret)
  const regions = replicationsOf(context.store, secret, context.now).map(({ region }) => region)
  if (regions.length > 0) throw errors.replicasLeft(secret.arn, regions)
  if (attachedReplica(context.store, secret) !== undefined) throw errors.crossAccountReplicaLeft(secret.arn)
}
