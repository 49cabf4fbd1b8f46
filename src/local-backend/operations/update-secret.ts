import type { UpdateSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { Input } from '../protocol/input.ts'
import type { WireForm } from '../protocol/wire-form.ts'
import type { OperationContext } from '../rules/context.ts'
import { kmsKeyIn } from '../rules/kms-key.ts'
import { addVersion, isRepeated, requireToken } from '../rules/new-version.ts'
import { findActiveSecret } from '../rules/secret-id.ts'
import { valueIn } from '../rules/secret-value.ts'
import { awsLabels, current } from '../rules/staging-labels.ts'
import { updateSecret as storeSecret, type Secret } from '../store/secrets.ts'
import { changeKmsKey } from '../store/versions.ts'

/**
 * Changes what is given of a secret's details, and adds a version labelled AWSCURRENT if a value is given. The same request
 * with a value again succeeds, though AWS's documentation says otherwise.
 */
export function updateSecret (input: Input<'UpdateSecret'>, context: OperationContext): WireForm<UpdateSecretCommandOutput> {
  const token = requireToken(input)
  const value = valueIn(input)
  const before = findActiveSecret(context, input.SecretId)
  const secret = withDetails(before, input)
  if (input.KmsKeyId !== undefined) changeKmsKey(context.store, secret, awsLabels)
  if (value !== undefined && !isRepeated(context, secret, token, value)) addVersion(context, secret, token, value, [current])
  storeSecret(context.store, secret, context.now)
  return { ARN: secret.arn, Name: secret.name, VersionId: value && token }
}

function withDetails (secret: Secret, { Description, KmsKeyId, Type }: Input<'UpdateSecret'>): Secret {
  return {
    ...secret,
    ...Description !== undefined && { description: Description === '' ? null : Description },
    ...KmsKeyId !== undefined && { kmsKeyId: kmsKeyIn(KmsKeyId) },
    ...Type !== undefined && { type: Type === '' ? null : Type }
  }
}
