import type { Operation } from './shapes.ts'

/** The operations that AWS authorizes without a resource, so that only a statement with the resource `*` allows them. */
export const operationsWithoutResource: ReadonlySet<Operation> =
  new Set<Operation>(['BatchGetSecretValue', 'GetRandomPassword', 'ListSecrets'])

/** A permission on a KMS key. */
export type KmsPermission = 'kms:Decrypt' | 'kms:Encrypt' | 'kms:GenerateDataKey'

/**
 * The permissions that each operation needs on the KMS key of a secret, according to AWS's documentation. The key
 * `aws/secretsmanager` needs no permissions. If `ReplicateSecretToRegions` names a key for a replica, it needs
 * `replicaKeyPermissions` on that key as well.
 */
export const kmsPermissions: Readonly<Partial<Record<Operation, readonly KmsPermission[]>>> = {
  BatchGetSecretValue: ['kms:Decrypt'],
  CreateSecret: ['kms:GenerateDataKey', 'kms:Decrypt'],
  GetSecretValue: ['kms:Decrypt'],
  PutSecretValue: ['kms:GenerateDataKey', 'kms:Decrypt'],
  ReplicateSecretToRegions: ['kms:Decrypt'],
  UpdateSecret: ['kms:GenerateDataKey', 'kms:Encrypt', 'kms:Decrypt']
}

/** The permissions that a replication needs on a KMS key that it names for the replica. */
export const replicaKeyPermissions: readonly KmsPermission[] = ['kms:GenerateDataKey', 'kms:Encrypt']
