import type { GetSecretValueCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { Input } from '../protocol/input.ts'
import type { WireForm } from '../protocol/wire-form.ts'
import type { OperationContext } from '../rules/context.ts'
import { readVersion } from '../rules/read-version.ts'
import { findActiveSecret } from '../rules/secret-id.ts'

/** Reads the value of a secret's version: by ID, by label, or by both if they belong together. */
export function getSecretValue (input: Input<'GetSecretValue'>, context: OperationContext): WireForm<GetSecretValueCommandOutput> {
  return readVersion(context, findActiveSecret(context, input.SecretId), input)
}
