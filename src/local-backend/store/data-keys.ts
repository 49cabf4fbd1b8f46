import { randomBytes } from 'node:crypto'
import { partitionIn } from '#src/local-backend/partition'
import { keyBytes, seal, unseal } from './sealing.ts'
import type { Secret } from './secrets.ts'
import type { Store } from './store.ts'

/** The KMS key that wraps a data key. */
export interface WrappingKey {
  arn: string
  /** The key's ID, ARN or alias, exactly as the request specified it; null for the AWS managed key. */
  kmsKeyId: string | null
}

/** A version's data key, wrapped by a KMS key. If several KMS keys wrap it, any one of them is enough to decrypt the version. */
export interface WrappedKey extends WrappingKey {
  wrapped: Uint8Array
}

/** Returns the ARN of an account's AWS managed key (`aws/secretsmanager`) in a region. */
export function managedKeyArn ({ accountId, region }: { accountId: string, region: string }): string {
  return `arn:${partitionIn(region)}:kms:${region}:${accountId}:alias/aws/secretsmanager`
}

export const newDataKey = (): Uint8Array => randomBytes(keyBytes)

/** Returns all wrapped forms of a version's data key, oldest first. */
export function wrappedKeysOf ({ database }: Store, secret: Secret, versionId: string): WrappedKey[] {
  return database.statement<WrappedKey>(`
    SELECT kms_key_arn AS arn, kms_key_id AS kmsKeyId, wrapped FROM data_keys
    WHERE secret_id = $secretId AND version_id = $versionId ORDER BY sequence`
  ).all({ secretId: secret.id, versionId })
}

/** Wraps a version's data key with a KMS key. Keeps the results for other KMS keys. */
export function wrapDataKey (
  store: Store, secret: Secret, versionId: string, { arn, kmsKeyId }: WrappingKey, dataKey: Uint8Array
): void {
  const material = materialOf(store, secret, arn) ?? createMaterial(store, arn)
  const wrapped = seal(material, dataKeyContext(secret), dataKey)
  store.database.statement(`
    INSERT INTO data_keys (secret_id, version_id, kms_key_arn, kms_key_id, wrapped)
    VALUES ($secretId, $versionId, $arn, $kmsKeyId, $wrapped) ON CONFLICT DO NOTHING`
  ).run({ secretId: secret.id, versionId, arn, kmsKeyId, wrapped })
}

/**
 * Unwraps a data key with the KMS key that has the given ARN. Returns undefined if a different KMS key wrapped the data key, or
 * if the data key belongs to another secret.
 */
export function unwrapDataKey (store: Store, secret: Secret, { arn, wrapped }: WrappedKey): Uint8Array | undefined {
  const material = materialOf(store, secret, arn)
  return material && unseal(material, dataKeyContext(secret), wrapped)
}

/**
 * Returns the key material of a KMS key; undefined if the key has never been used. The material of the AWS managed key is the
 * master key.
 */
function materialOf ({ database, masterKey }: Store, secret: Secret, arn: string): Uint8Array | undefined {
  if (arn === managedKeyArn(secret)) return masterKey
  const row = database.statement<{ material: Uint8Array }>('SELECT material FROM kms_keys WHERE arn = $arn').get({ arn })
  return row && unseal(masterKey, materialContext(arn), row.material)
}

function createMaterial ({ database, masterKey }: Store, arn: string): Uint8Array {
  const material = randomBytes(keyBytes)
  database.statement('INSERT INTO kms_keys (arn, material) VALUES ($arn, $material)')
    .run({ arn, material: seal(masterKey, materialContext(arn), material) })
  return material
}

function materialContext (arn: string): string[] {
  return ['kms-key', arn]
}

function dataKeyContext ({ accountId, region, name, id }: Secret): string[] {
  return ['data-key', accountId, region, name, id]
}
