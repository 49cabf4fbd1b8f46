import { AwsError, errors } from '#src/aws-protocol/errors'
import { newDataKey, unwrapDataKey, wrapDataKey, wrappedKeysOf } from '#src/local-backend/store/data-keys'
import type { Secret } from '#src/local-backend/store/secrets'
import { versionWithLabel } from '#src/local-backend/store/staging-labels'
import { insertVersion, type SecretValue } from '#src/local-backend/store/versions'
import type { Caller, OperationContext } from './context.ts'
import { authorizeKey } from './key-authorization.ts'
import { decryptionBy, encryptionKey, type Decryption } from './kms-key.ts'
import { awsLabels } from './staging-labels.ts'

/**
 * The store, and the scope whose account uses the KMS keys. During a replication, this is the scope of the secret. Otherwise, it
 * is the scope of the request, and the caller's policies must allow the use of the keys.
 */
export type KmsCaller = Pick<OperationContext, 'store' | 'scope'> & { now?: number, caller?: Caller }

/**
 * Stores a value as a version without labels. The value is encrypted with a new data key, which the secret's KMS key wraps.
 *
 * @throws AwsError the errors of `encryptionKey`
 */
export function storeValue (context: KmsCaller, secret: Secret, versionId: string, value: SecretValue, createdAt: number): void {
  const { store, scope } = context
  const key = encryptionKey(store, scope.accountId, secret, secret.kmsKeyId)
  if (key.kmsKeyId !== null) authorizeKey(context, key.arn, 'kms:GenerateDataKey', 'kms:Decrypt')
  const dataKey = newDataKey()
  insertVersion(store, secret, dataKey, versionId, value, createdAt)
  wrapDataKey(store, secret, versionId, key, dataKey)
}

/**
 * Decrypts a version's data key. If several KMS keys wrap it, uses one with which the caller can decrypt.
 *
 * @throws AwsError `DecryptionFailure` if the wrapped data key belongs to another secret. If the caller can't decrypt with any of
 * the KMS keys, the first of these errors that applies:
 * - `AccessDeniedException` if at least one of the KMS keys is forbidden to the caller, or the caller's policies don't allow it
 * - `InvalidRequestException` if at least one of the KMS keys is another account's AWS managed key
 * - `DecryptionFailure` in all other cases
 */
export function openDataKey (context: KmsCaller, secret: Secret, versionId: string): Uint8Array {
  const { store, scope } = context
  const wrapped = wrappedKeysOf(store, secret, versionId).map((key) =>
    ({ key, decryption: decryptionBy(store, scope.accountId, secret, key.arn) }))
  const possible = wrapped.find(({ decryption }) => decryption === 'possible')
  const hasFailedAs = (reason: Decryption) => possible === undefined && wrapped.some(({ decryption }) => decryption === reason)
  if (hasFailedAs('forbidden')) throw errors.kmsNotAllowed()
  if (hasFailedAs('managed-elsewhere')) throw errors.managedKeyOfOtherAccount()
  if (possible !== undefined && possible.key.kmsKeyId !== null) authorizeKey(context, possible.key.arn, 'kms:Decrypt')
  const opened = possible && unwrapDataKey(store, secret, possible.key)
  if (opened === undefined) throw errors.decryptionFailure()
  return opened
}

/**
 * Wraps existing data keys with the secret's KMS key, in addition to the KMS keys that already wrap them. Does this only for the
 * versions that are labelled AWSCURRENT, AWSPENDING or AWSPREVIOUS. Like AWS, skips data keys that the caller can't decrypt.
 *
 * @throws AwsError the errors of `encryptionKey`
 */
export function rewrapDataKeys (context: KmsCaller, secret: Secret): void {
  const { store, scope } = context
  const key = encryptionKey(store, scope.accountId, secret, secret.kmsKeyId)
  if (key.kmsKeyId !== null) authorizeKey(context, key.arn, 'kms:GenerateDataKey', 'kms:Encrypt', 'kms:Decrypt')
  const versionIds = new Set(awsLabels.map((label) => versionWithLabel(store, secret, label)))
  for (const versionId of versionIds) {
    const dataKey = versionId === undefined ? undefined : tryOpenDataKey(context, secret, versionId)
    if (versionId !== undefined && dataKey !== undefined) wrapDataKey(store, secret, versionId, key, dataKey)
  }
}

function tryOpenDataKey (context: KmsCaller, secret: Secret, versionId: string): Uint8Array | undefined {
  try {
    return openDataKey(context, secret, versionId)
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    return undefined
  }
}
