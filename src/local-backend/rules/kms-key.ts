import { errors } from '#src/aws-protocol/errors'
import { partitionIn } from '#src/local-backend/partition'
import type { Scope } from '#src/local-backend/scope'
import { managedKeyArn, type WrappingKey } from '#src/local-backend/store/data-keys'
import { kmsKeyId as idOfKey, type KmsKey } from '#src/local-backend/store/kms-keys'
import type { Store } from '#src/local-backend/store/store'

/** The alias of the AWS managed key. If a secret uses this key, most replies name no KMS key for the secret. */
export const managedKeyAlias = 'alias/aws/secretsmanager'

/** Identifies the KMS key that a `KmsKeyId` refers to. `name` is the key's ID or alias. The key might not exist. */
interface KeyReference {
  scope: Scope
  name: string
}

/** Converts a request's `KmsKeyId` to its stored form, which is null for the AWS managed key of the secret's location. */
export function kmsKeyIn (location: Scope, kmsKeyId: string): string | null {
  return ['', managedKeyAlias, managedKeyArn(location)].includes(kmsKeyId) ? null : kmsKeyId
}

/**
 * Returns the KMS key with which an account encrypts a secret's values. As in KMS, an ID or alias refers to a key of that
 * account. An ARN can also refer to another account's key, if that key's owner allows the account to use it.
 *
 * @throws AwsError one of these errors:
 * - `InvalidParameterException` if the key doesn't exist in the region
 * - `AccessDeniedException` if the account isn't allowed to use the key
 * - `EncryptionFailure` if the key isn't enabled
 * - `InvalidRequestException` if the key is the AWS managed key of another account
 */
export function encryptionKey (store: Store, accountId: string, location: Scope, kmsKeyId: string | null): WrappingKey {
  if (kmsKeyId === null) {
    if (accountId !== location.accountId) throw errors.managedKeyOfOtherAccount()
    return { arn: managedKeyArn(location), kmsKeyId }
  }
  const { scope, name } = resolveKey(accountId, location.region, kmsKeyId)
  const key = store.kmsKeys.find(scope, name)
  // Missing keys and forbidden keys of another account cause the same error, so callers can't find out which keys that account
  // has. Keys that AWS manages for other services can't be used at all.
  if (name.startsWith('alias/aws/') || (scope.accountId !== accountId && !mayUse(accountId, key))) throw errors.kmsNotAllowed()
  if (key === undefined) throw errors.invalidKmsKey(notFound(scope, name))
  if (!isEnabled(key)) throw errors.encryptionFailure()
  return { arn: `${arnPrefix(scope)}key/${key.keyId}`, kmsKeyId }
}

/**
 * The result of checking if an account can decrypt with a KMS key:
 * - `possible`: the account can decrypt with the key.
 * - `forbidden`: the account isn't allowed to use the key.
 * - `managed-elsewhere`: the key is the AWS managed key of another account.
 * - `impossible`: the key doesn't exist or isn't enabled.
 */
export type Decryption = 'possible' | 'forbidden' | 'managed-elsewhere' | 'impossible'

/**
 * Checks if an account can decrypt a secret's data key with the KMS key that wrapped it. An AWS managed key can be used only by
 * the account that owns it.
 */
export function decryptionBy (store: Store, accountId: string, location: Scope, arn: string): Decryption {
  if (arn === managedKeyArn(location)) return accountId === location.accountId ? 'possible' : 'managed-elsewhere'
  const reference = parseKeyArn(arn)
  const key = reference && store.kmsKeys.find(reference.scope, reference.name)
  if (key === undefined) return 'impossible'
  if (!mayUse(accountId, key)) return 'forbidden'
  return isEnabled(key) ? 'possible' : 'impossible'
}

/**
 * Returns the ARN of the customer managed key that encrypts a secret, whatever the key's state. Returns undefined if the secret
 * has an AWS managed key, or if the key doesn't exist.
 */
export function customerKeyArn (
  store: Store, { accountId, region, kmsKeyId }: Scope & { kmsKeyId: string | null }
): string | undefined {
  if (kmsKeyId === null) return undefined
  const { scope, name } = resolveKey(accountId, region, kmsKeyId)
  const key = store.kmsKeys.find(scope, name)
  return key && `${arnPrefix(scope)}key/${key.keyId}`
}

/** Returns the aliases of the key with this ARN. An AWS managed key has none here. */
export function aliasesOf (store: Store, arn: string): readonly string[] {
  const reference = parseKeyArn(arn)
  return (reference && store.kmsKeys.find(reference.scope, reference.name))?.aliases ?? []
}

function resolveKey (accountId: string, region: string, kmsKeyId: string): KeyReference {
  if (kmsKeyId.startsWith('alias/') || idOfKey.test(kmsKeyId)) return { scope: { accountId, region }, name: kmsKeyId }
  const reference = parseKeyArn(kmsKeyId)
  if (reference === undefined) throw errors.invalidKmsKey('Invalid keyId')
  if (reference.scope.region !== region) throw errors.invalidKmsKey(`Invalid arn ${reference.scope.region}`)
  return reference
}

function parseKeyArn (arn: string): KeyReference | undefined {
  const [, region, accountId, resource] = /^arn:aws[a-z-]*:kms:([^:]+):(\d{12}):((?:key|alias)\/.+)$/.exec(arn) ?? []
  if (region === undefined || accountId === undefined || resource === undefined) return undefined
  return { scope: { accountId, region }, name: resource.replace(/^key\//, '') }
}

function mayUse (accountId: string, key: KmsKey | undefined): boolean {
  return key?.accountId === accountId || (key?.allowedAccounts ?? []).includes(accountId)
}

function isEnabled ({ state = 'Enabled' }: KmsKey): boolean {
  return state === 'Enabled'
}

/** Returns KMS's message for a missing key. */
function notFound (scope: Scope, name: string): string {
  return name.startsWith('alias/') ? `Alias ${arnPrefix(scope)}${name} is not found.` : `Key '${arnPrefix(scope)}key/${name}' does not exist`
}

function arnPrefix ({ accountId, region }: Scope): string {
  return `arn:${partitionIn(region)}:kms:${region}:${accountId}:`
}
