import { errors } from '#src/aws-protocol/errors'
import type { Scope } from '#src/local-backend/scope'
import { managedKeyArn, type WrappingKey } from '#src/local-backend/store/data-keys'
import { kmsKeyId as idOfKey, type KmsKey } from '#src/local-backend/store/kms-keys'
import type { Store } from '#src/local-backend/store/store'

/** AWS's alias for the key that it manages itself; a secret under that key shows no key. */
export const managedKeyAlias = 'alias/aws/secretsmanager'

/** The KMS key that a `KmsKeyId` stands for, whether or not there is one. */
interface Meant {
  scope: Scope
  name: string
}

/** A request's `KmsKeyId`, for a secret in a place, as it is stored: null for the key that AWS manages. */
export function kmsKeyIn (place: Scope, kmsKeyId: string): string | null {
  return ['', managedKeyAlias, managedKeyArn(place)].includes(kmsKeyId) ? null : kmsKeyId
}

/**
 * The KMS key that values of a secret in a place are encrypted under from now on, as an account may use it. KMS looks for an ID
 * or an alias in the account that asks, and takes an ARN of another account if that one allows it.
 *
 * Throws InvalidParameterException if there is no such key in the region, AccessDeniedException if the account may not use it,
 * EncryptionFailure if it isn't enabled, and InvalidRequestException if it is the one that AWS manages for another account.
 */
export function encryptionKey (store: Store, accountId: string, place: Scope, kmsKeyId: string | null): WrappingKey {
  if (kmsKeyId === null) {
    if (accountId !== place.accountId) throw errors.managedKeyOfOtherAccount()
    return { arn: managedKeyArn(place), kmsKeyId }
  }
  const { scope, name } = meantBy(accountId, place.region, kmsKeyId)
  const key = store.kmsKeys.find(scope, name)
  // An account is not told which keys another one has, and none can use a key that AWS manages for another service.
  if (name.startsWith('alias/aws/') || (scope.accountId !== accountId && !mayUse(accountId, key))) throw errors.kmsNotAllowed()
  if (key === undefined) throw errors.invalidKmsKey(notFound(scope, name))
  if (!isEnabled(key)) throw errors.encryptionFailure()
  return { arn: `${arnPrefix(scope)}key/${key.keyId}`, kmsKeyId }
}

/** What comes of an account's wish to decrypt with a KMS key. */
export type Decryption = 'possible' | 'forbidden' | 'managed-elsewhere' | 'impossible'

/** Whether an account can decrypt what a KMS key has wrapped for a secret. The key that AWS manages serves its account alone. */
export function decryptionBy (store: Store, accountId: string, place: Scope, arn: string): Decryption {
  if (arn === managedKeyArn(place)) return accountId === place.accountId ? 'possible' : 'managed-elsewhere'
  const meant = meantByArn(arn)
  const key = meant && store.kmsKeys.find(meant.scope, meant.name)
  if (key === undefined) return 'impossible'
  if (!mayUse(accountId, key)) return 'forbidden'
  return isEnabled(key) ? 'possible' : 'impossible'
}

function meantBy (accountId: string, region: string, kmsKeyId: string): Meant {
  if (kmsKeyId.startsWith('alias/') || idOfKey.test(kmsKeyId)) return { scope: { accountId, region }, name: kmsKeyId }
  const meant = meantByArn(kmsKeyId)
  if (meant === undefined) throw errors.invalidKmsKey('Invalid keyId')
  if (meant.scope.region !== region) throw errors.invalidKmsKey(`Invalid arn ${meant.scope.region}`)
  return meant
}

function meantByArn (arn: string): Meant | undefined {
  const [, region, accountId, resource] = /^arn:aws:kms:([^:]+):(\d{12}):((?:key|alias)\/.+)$/.exec(arn) ?? []
  if (region === undefined || accountId === undefined || resource === undefined) return undefined
  return { scope: { accountId, region }, name: resource.replace(/^key\//, '') }
}

function mayUse (accountId: string, key: KmsKey | undefined): boolean {
  return key?.accountId === accountId || (key?.allowedAccounts ?? []).includes(accountId)
}

function isEnabled ({ state = 'Enabled' }: KmsKey): boolean {
  return state === 'Enabled'
}

/** KMS's own words. */
function notFound (scope: Scope, name: string): string {
  return name.startsWith('alias/') ? `Alias ${arnPrefix(scope)}${name} is not found.` : `Key '${arnPrefix(scope)}key/${name}' does not exist`
}

function arnPrefix ({ accountId, region }: Scope): string {
  return `arn:aws:kms:${region}:${accountId}:`
}
