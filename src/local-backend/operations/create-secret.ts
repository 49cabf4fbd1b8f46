import type { CreateSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import { errors } from '../protocol/errors.ts'
import type { Input } from '../protocol/input.ts'
import type { WireForm } from '../protocol/wire-form.ts'
import type { OperationContext } from '../rules/context.ts'
import { kmsKeyIn } from '../rules/kms-key.ts'
import { addVersion, isRepeated, requireToken } from '../rules/new-version.ts'
import { checkName, findSecret, newArn } from '../rules/secret-id.ts'
import { valueIn } from '../rules/secret-value.ts'
import { current } from '../rules/staging-labels.ts'
import { attachTags } from '../rules/tags.ts'
import { findByName, insertSecret, type Secret } from '../store/secrets.ts'
import { findVersion, type SecretValue } from '../store/versions.ts'

/**
 * Makes a secret, with a first version if a value is given. The same request again, known by its token, changes nothing;
 * another request for the same name is refused with ResourceExistsException.
 */
export function createSecret (input: Input<'CreateSecret'>, context: OperationContext): WireForm<CreateSecretCommandOutput> {
  const { Name, Description = '', KmsKeyId = '', Tags = [], Type = '' } = input
  checkName(Name)
  const token = requireToken(input)
  const value = valueIn(input)
  if (input.AddReplicaRegions !== undefined) throw errors.replicationNotOffered()

  const existing = findByName(context.store, context.scope, Name, context.now)
  if (existing !== undefined) return repeat(context, existing, token, value)

  insertSecret(context.store, context.scope, {
    name: Name,
    arn: newArn(context.scope, Name),
    // AWS keeps no empty description.
    description: Description === '' ? null : Description,
    kmsKeyId: kmsKeyIn(KmsKeyId),
    type: Type === '' ? null : Type,
    creationToken: token
  }, context.now)
  const secret = findSecret(context, Name)
  if (value !== undefined) addVersion(context, secret, token, value, [current])
  attachTags(context.store, secret, Tags)
  return { ARN: secret.arn, Name, VersionId: value && token }
}

function repeat (
  context: OperationContext, existing: Secret, token: string, value: SecretValue | undefined
): WireForm<CreateSecretCommandOutput> {
  if (existing.purgeAt !== null) throw errors.nameScheduledForDeletion()
  const wasMade = findVersion(context.store, existing, token) === undefined && existing.creationToken === token
  if (value === undefined ? !wasMade : !isRepeated(context, existing, token, value)) throw errors.alreadyExists(existing.name)
  return { ARN: existing.arn, Name: existing.name, VersionId: value && token }
}
