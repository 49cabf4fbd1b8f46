import type { RestoreSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import { limits } from '#src/aws-model/limits'
import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import { checkChangeable } from '#src/local-backend/rules/changeable-secret'
import type { CallContext } from '#src/local-backend/rules/context'
import { day } from '#src/local-backend/rules/day'
import { findSecret } from '#src/local-backend/rules/secret-id'
import { updateSecret, type Secret } from '#src/local-backend/store/secrets'

/**
 * Cancels a secret's scheduled deletion, if there is one.
 *
 * @throws AwsError `InvalidRequestException` if the secret was deleted without recovery, and is only waiting to be removed
 */
export function restoreSecret ({ SecretId }: Input<'RestoreSecret'>, context: CallContext): WireForm<RestoreSecretCommandOutput> {
  const secret = findSecret(context, SecretId)
  checkChangeable(context, secret)
  if (wasForced(secret)) throw errors.wasDeleted()
  if (secret.purgeAt !== null) updateSecret(context.store, { ...secret, deletedAt: null, purgeAt: null }, context.now)
  return { ARN: secret.arn, Name: secret.name }
}

/**
 * Returns true if the secret was deleted without recovery. The time between such a deletion and the removal is shorter than any
 * recovery window.
 */
const wasForced = ({ deletedAt, purgeAt }: Secret): boolean =>
  deletedAt !== null && purgeAt !== null && purgeAt - deletedAt < limits.recoveryWindowInDays.min * day
