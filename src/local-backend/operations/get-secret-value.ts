import type { GetSecretValueCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import type { OperationContext } from '#src/local-backend/rules/context'
import { readVersion } from '#src/local-backend/rules/read-version'
import { findActiveSecret } from '#src/local-backend/rules/secret-id'

/**
 * Returns the value of a secret's version. The request chooses the version by ID or by staging label. If it contains both, the
 * version with that ID must have that label. If it contains neither, the version labelled AWSCURRENT is returned.
 */
export function getSecretValue (input: Input<'GetSecretValue'>, context: OperationContext): WireForm<GetSecretValueCommandOutput> {
  return readVersion(context, findActiveSecret(context, input.SecretId), input)
}
