import type { CreateSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import type { CallContext } from '#src/local-backend/rules/context'
import { awaitPrimary, checkNewReplica } from '#src/local-backend/rules/cross-account-replication'
import { encryptionKey, kmsKeyIn } from '#src/local-backend/rules/kms-key'
import { addVersion, isRepeated, requireToken } from '#src/local-backend/rules/new-version'
import { replicate } from '#src/local-backend/rules/replication'
import { replicationStatus } from '#src/local-backend/rules/replication-status'
import { checkName, findSecret, newArn } from '#src/local-backend/rules/secret-id'
import { valueIn } from '#src/local-backend/rules/secret-value'
import { current } from '#src/local-backend/rules/staging-labels'
import { attachTags, markOwner } from '#src/local-backend/rules/tags'
import { findByName, insertSecret, type Secret } from '#src/local-backend/store/secrets'
import { findVersion, type SecretValue } from '#src/local-backend/store/versions'

/**
 * Creates a secret. If the request contains a value, also creates the first version. Repeating a request with the same token
 * changes nothing.
 *
 * With `CrossAccountPrimaryARN`, the new secret is a replica of a secret in another account. It remains empty until the other
 * account calls AssociateCrossAccountReplica.
 *
 * @throws AwsError `ResourceExistsException` if a different request has already created a secret with this name
 */
export function createSecret (input: Input<'CreateSecret'>, context: CallContext): WireForm<CreateSecretCommandOutput> {
  const { Name, Description = '', KmsKeyId = '', Tags = [], Type = '', AddReplicaRegions } = input
  const { CrossAccountPrimaryARN: primaryArn } = input
  checkName(Name)
  checkNewReplica(context.scope, input)
  const token = requireToken(input)
  const value = valueIn(input)

  const existing = findByName(context.store, context.scope, Name, context.now)
  if (existing !== undefined) return repeat(context, existing, primaryArn, token, value)

  const kmsKeyId = kmsKeyIn(context.scope, KmsKeyId)
  // AWS requires a usable key even for a secret without a value.
  encryptionKey(context.store, context.scope.accountId, context.scope, kmsKeyId)
  insertSecret(context.store, context.scope, {
    name: Name,
    arn: newArn(context.scope, Name),
    // AWS treats an empty description as no description.
    description: Description === '' ? null : Description,
    kmsKeyId,
    type: Type === '' ? null : Type,
    creationToken: token
  }, context.now)
  const secret = findSecret(context, Name)
  if (value !== undefined) addVersion(context, secret, token, value, [current])
  attachTags(context, secret, Tags)
  markOwner(context, secret)
  if (primaryArn !== undefined) awaitPrimary(context, secret, primaryArn)
  if (AddReplicaRegions !== undefined) replicate(context, secret, AddReplicaRegions, input.ForceOverwriteReplicaSecret)
  return output(context, secret, value && token)
}

function repeat (
  context: CallContext, existing: Secret, primaryArn: string | undefined, token: string, value: SecretValue | undefined
): WireForm<CreateSecretCommandOutput> {
  if (existing.purgeAt !== null) throw errors.nameScheduledForDeletion()
  const isOtherKind = existing.primaryId !== null || existing.crossAccountPrimaryArn !== (primaryArn ?? null)
  if (isOtherKind) throw errors.alreadyExists(existing.name)
  const isRepeat = findVersion(context.store, existing, token) === undefined && existing.creationToken === token
  if (value === undefined ? !isRepeat : !isRepeated(context, existing, token, value)) throw errors.alreadyExists(existing.name)
  return output(context, existing, value && token)
}

function output (context: CallContext, secret: Secret, versionId: string | undefined): WireForm<CreateSecretCommandOutput> {
  const ReplicationStatus = replicationStatus(context, secret)
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: versionId,
    ...ReplicationStatus.length > 0 && { ReplicationStatus }
  }
}
