import { AwsError, errors } from '#src/aws-protocol/errors'
import { newDataKey, unwrapDataKey, wrapDataKey, wrappedKeysOf } from '#src/local-backend/store/data-keys'
import type { Secret } from '#src/local-backend/store/secrets'
import { versionWithLabel } from '#src/local-backend/store/staging-labels'
import { insertVersion, type SecretValue } from '#src/local-backend/store/versions'
import type { OperationContext } from './context.ts'
import { decryptionBy, encryptionKey, type Decryption } from './kms-key.ts'
import { awsLabels } from './staging-labels.ts'

/** The store, and the scope whose account calls KMS. */
export type KmsCaller = Pick<OperationContext, 'store' | 'scope'>

/**
 * Stores a value as a version without labels. It is encrypted under a new data key, which the secret's KMS key wraps.
 *
 * @throws AwsError the errors of `encryptionKey`
 */
export function storeValue (context: KmsCaller, secret: Secret, versionId: string, value: SecretValue, createdAt: number): void {
  const { store, scope } = context
  const key = encryptionKey(store, scope.accountId, secret, secret.kmsKeyId)
  const dataKey = newDataKey()
  insertVersion(store, secret, dataKey, versionId, value, createdAt)
  wrapDataKey(store, secret, versionId, key, dataKey)
}

/**
 * Decrypts a version's data key with a KMS key that the caller may use.
 *
 * @throws AwsError `AccessDeniedException` if the caller may use none of the KMS keys, `InvalidRequestException` if the key is
 * the AWS managed key of another account, or `DecryptionFailure` if decryption is impossible for another reason
 */
export function openDataKey (context: KmsCaller, secret: Secret, versionId: string): Uint8Array {
  const { store, scope } = context
  const wrapped = wrappedKeysOf(store, secret, versionId).map((key) =>
    ({ key, decryption: decryptionBy(store, scope.accountId, secret, key.arn) }))
  const possible = wrapped.find(({ decryption }) => decryption === 'possible')
  const hasFailedAs = (reason: Decryption) => possible === undefined && wrapped.some(({ decryption }) => decryption === reason)
  if (hasFailedAs('forbidden')) throw errors.kmsNotAllowed()
  if (hasFailedAs('managed-elsewhere')) throw errors.managedKeyOfOtherAccount()
  const opened = possible && unwrapDataKey(store, secret, possible.key)
  if (opened === undefined) throw errors.decryptionFailure()
  return opened
}

/**
 * Wraps the data keys of the versions with AWS's own labels under the secret's KMS key, in addition to the keys that already wrap
 * them. Like AWS, it skips data keys that the caller can't decrypt.
 *
 * @throws AwsError the errors of `encryptionKey`
 */
export function rewrapDataKeys (context: KmsCaller, secret: Secret): void {
  const { store, scope } = context
  const key = encryptionKey(store, scope.accountId, secret, secret.kmsKeyId)
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
