import { randomBytes } from 'node:crypto'
import { keyBytes, seal, unseal } from './sealing.ts'
import type { Secret } from './secrets.ts'
import type { Store } from './store.ts'

/** The KMS key that wraps a data key. */
export interface WrappingKey {
  arn: string
  /** As whoever chose it named it; null for the key that AWS manages. */
  kmsKeyId: string | null
}

/** A version's data key, wrapped by one KMS key. A version can have several: each of them opens it. */
export interface WrappedKey extends WrappingKey {
  wrapped: Uint8Array
}

/** The ARN of the key that AWS manages for an account in a region. */
export function managedKeyArn ({ accountId, region }: { accountId: string, region: string }): string {
  return `arn:aws:kms:${region}:${accountId}:alias/aws/secretsmanager`
}

export const newDataKey = (): Uint8Array => randomBytes(keyBytes)

/** A version's data key in each of the forms in which it is kept, from the oldest on. */
export function wrappedKeysOf ({ database }: Store, secret: Secret, versionId: string): WrappedKey[] {
  return database.statement<WrappedKey>(`
    SELECT kms_key_arn AS arn, kms_key_id AS kmsKeyId, wrapped FROM data_keys
    WHERE secret_id = $secretId AND version_id = $versionId ORDER BY sequence`
  ).all({ secretId: secret.id, versionId })
}

/** Keeps a version's data key wrapped by a KMS key, besides the forms in which it is kept already. */
export function wrapDataKey (
  store: Store, secret: Secret, versionId: string, { arn, kmsKeyId }: WrappingKey, dataKey: Uint8Array
): void {
  const material = materialOf(store, secret, arn) ?? makeMaterial(store, arn)
  const wrapped = seal(material, dataKeyPlace(secret), dataKey)
  store.database.statement(`
    INSERT INTO data_keys (secret_id, version_id, kms_key_arn, kms_key_id, wrapped)
    VALUES ($secretId, $versionId, $arn, $kmsKeyId, $wrapped) ON CONFLICT DO NOTHING`
  ).run({ secretId: secret.id, versionId, arn, kmsKeyId, wrapped })
}

/** Opens a data key; undefined if it was not wrapped by that KMS key for this very secret. */
export function unwrapDataKey (store: Store, secret: Secret, { arn, wrapped }: WrappedKey): Uint8Array | undefined {
  const material = materialOf(store, secret, arn)
  return material && unseal(material, dataKeyPlace(secret), wrapped)
}

/** What a KMS key wraps with, if it ever did. The master key itself stands for the key that AWS manages. */
function materialOf ({ database, masterKey }: Store, secret: Secret, arn: string): Uint8Array | undefined {
  if (arn === managedKeyArn(secret)) return masterKey
  const row = database.statement<{ material: Uint8Array }>('SELECT material FROM kms_keys WHERE arn = $arn').get({ arn })
  return row && unseal(masterKey, materialPlace(arn), row.material)
}

function makeMaterial ({ database, masterKey }: Store, arn: string): Uint8Array {
  const material = randomBytes(keyBytes)
  database.statement('INSERT INTO kms_keys (arn, material) VALUES ($arn, $material)')
    .run({ arn, material: seal(masterKey, materialPlace(arn), material) })
  return material
}

function materialPlace (arn: string): string[] {
  return ['kms-key', arn]
}

function dataKeyPlace ({ accountId, region, name, id }: Secret): string[] {
  return ['data-key', accountId, region, name, id]
}
