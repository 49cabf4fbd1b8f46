import { AwsError, errors } from '#src/aws-protocol/errors'
import { newDataKey, unwrapDataKey, wrapDataKey, wrappedKeysOf } from '#src/local-backend/store/data-keys'
import type { Secret } from '#src/local-backend/store/secrets'
import { versionWithLabel } from '#src/local-backend/store/staging-labels'
import { insertVersion, type SecretValue } from '#src/local-backend/store/versions'
import type { OperationContext } from './context.ts'
import { decryptionBy, encryptionKey, type Decryption } from './kms-key.ts'
import { awsLabels } from './staging-labels.ts'

/** The account that asks KMS, which is that of the scope, for a secret of the store. */
export type KmsCaller = Pick<OperationContext, 'store' | 'scope'>

/**
 * Stores a value as a version, without a label, under a new data key, which the secret's KMS key wraps. Throws what
 * `encryptionKey` throws.
 */
export function storeValue (context: KmsCaller, secret: Secret, versionId: string, value: SecretValue, createdAt: number): void {
  const { store, scope } = context
  const key = encryptionKey(store, scope.accountId, secret, secret.kmsKeyId)
  const dataKey = newDataKey()
  insertVersion(store, secret, dataKey, versionId, value, createdAt)
  wrapDataKey(store, secret, versionId, key, dataKey)
}

/**
 * A version's data key, opened with a KMS key that the caller can use; throws AccessDeniedException if the caller may
 * use none, InvalidRequestException if AWS manages the key for another account, and DecryptionFailure if it can't be opened.
 */
export function openDataKey (context: KmsCaller, secret: Secret, versionId: string): Uint8Array {
  const { store, scope } = context
  const wrapped = wrappedKeysOf(store, secret, versionId).map((key) =>
    ({ key, decryption: decryptionBy(store, scope.accountId, secret, key.arn) }))
  const possible = wrapped.find(({ decryption }) => decryption === 'possible')
  const because = (reason: Decryption) => possible === undefined && wrapped.some(({ decryption }) => decryption === reason)
  if (because('forbidden')) throw errors.kmsNotAllowed()
  if (because('managed-elsewhere')) throw errors.managedKeyOfOtherAccount()
  const opened = possible && unwrapDataKey(store, secret, possible.key)
  if (opened === undefined) throw errors.decryptionFailure()
  return opened
}

/**
 * Wraps the data keys of the versions with one of AWS's labels by the secret's KMS key, besides those that wrap them already. A
 * data key that the caller can't open stays as it is: so it is with AWS. Throws what `encryptionKey` throws.
 */
export function rewrapDataKeys (context: KmsCaller, secret: Secret): void {
  const { store, scope } = context
  const key = encryptionKey(store, scope.accountId, secret, secret.kmsKeyId)
  const versionIds = new Set(awsLabels.map((label) => versionWithLabel(store, secret, label)))
  for (const versionId of versionIds) {
    const dataKey = versionId === undefined ? undefined : openedOrNone(context, secret, versionId)
    if (versionId !== undefined && dataKey !== undefined) wrapDataKey(store, secret, versionId, key, dataKey)
  }
}

function openedOrNone (context: KmsCaller, secret: Secret, versionId: string): Uint8Array | undefined {
  try {
    return openDataKey(context, secret, versionId)
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    return undefined
  }
}
