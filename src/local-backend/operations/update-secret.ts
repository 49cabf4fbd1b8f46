import type { UpdateSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { Input } from '../protocol/input.ts'
import type { WireForm } from '../protocol/wire-form.ts'
import { checkChangeable } from '../rules/changeable-secret.ts'
import type { CallContext } from '../rules/context.ts'
import { rewrapDataKeys } from '../rules/data-key.ts'
import { kmsKeyIn } from '../rules/kms-key.ts'
import { addVersion, isRepeated, requireToken } from '../rules/new-version.ts'
import { follow } from '../rules/replication.ts'
import { findActiveSecret } from '../rules/secret-id.ts'
import { valueIn } from '../rules/secret-value.ts'
import { current } from '../rules/staging-labels.ts'
import { updateSecret as storeSecret, type Secret } from '../store/secrets.ts'

/**
 * Changes what is given of a secret's details, and adds a version labelled AWSCURRENT if a value is given. The same request
 * with a value again succeeds, though AWS's documentation says otherwise.
 *
 * Of a replica AWS lets the KMS key be changed, and nothing else.
 */
export function updateSecret (input: Input<'UpdateSecret'>, context: CallContext): WireForm<UpdateSecretCommandOutput> {
  const token = requireToken(input)
  const value = valueIn(input)
  const before = findActiveSecret(context, input.SecretId)
  if (before.primaryId === null || !isOnlyForKey(input)) checkChangeable(context, before)
  const secret = withDetails(before, input)
  if (input.KmsKeyId !== undefined) rewrapDataKeys(context, secret)
  if (value !== undefined && !isRepeated(context, secret, token, value)) addVersion(context, secret, token, value, [current])
  storeSecret(context.store, secret, context.now)
  follow(context, secret)
  return { ARN: secret.arn, Name: secret.name, VersionId: value && token }
}

function isOnlyForKey ({ KmsKeyId, Description, Type, SecretString, SecretBinary }: Input<'UpdateSecret'>): boolean {
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
