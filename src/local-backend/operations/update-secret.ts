import type { UpdateSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import { checkChangeable } from '#src/local-backend/rules/changeable-secret'
import type { CallContext } from '#src/local-backend/rules/context'
import { rewrapDataKeys } from '#src/local-backend/rules/data-key'
import { kmsKeyIn } from '#src/local-backend/rules/kms-key'
import { addVersion, isRepeated, requireToken } from '#src/local-backend/rules/new-version'
import { follow } from '#src/local-backend/rules/replication'
import { findActiveSecret } from '#src/local-backend/rules/secret-id'
import { valueIn } from '#src/local-backend/rules/secret-value'
import { current } from '#src/local-backend/rules/staging-labels'
import { updateSecret as storeSecret, type Secret } from '#src/local-backend/store/secrets'

/**
 * Updates the description, KMS key and type of a secret, as far as the request contains them. If the request contains a value,
 * also adds a version labelled AWSCURRENT. A repeated request with the same token and value succeeds, but adds no second version.
 * AWS's documentation says that such a request fails.
 *
 * For a replica, AWS allows changing only the KMS key.
 */
export function updateSecret (input: Input<'UpdateSecret'>, context: CallContext): WireForm<UpdateSecretCommandOutput> {
  const token = requireToken(input)
  const value = valueIn(input)
  const before = findActiveSecret(context, input.SecretId)
  if (before.primaryId === null || !changesOnlyKmsKey(input)) checkChangeable(context, before)
  const secret = withDetails(before, input)
  if (input.KmsKeyId !== undefined) rewrapDataKeys(context, secret)
  if (value !== undefined && !isRepeated(context, secret, token, value)) addVersion(context, secret, token, value, [current])
  storeSecret(context.store, secret, context.now)
  follow(context, secret)
  return { ARN: secret.arn, Name: secret.name, VersionId: value && token }
}

function changesOnlyKmsKey ({ KmsKeyId, Description, Type, SecretString, SecretBinary }: Input<'UpdateSecret'>): boolean {
  return KmsKeyId !== undefined && (Description ?? Type ?? SecretString ?? SecretBinary) === undefined
}

function withDetails (secret: Secret, { Description, KmsKeyId, Type }: Input<'UpdateSecret'>): Secret {
  return {
    ...secret,
    ...Description !== undefined && { description: Description === '' ? null : Description },
    ...KmsKeyId !== undefined && { kmsKeyId: kmsKeyIn(secret, KmsKeyId) },
    ...Type !== undefined && { type: Type === '' ? null : Type }
  }
}
