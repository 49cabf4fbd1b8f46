/** AWS's names for the key that it manages itself; a secret under that key shows no key. */
const managedKey = ['', 'aws/secretsmanager', 'alias/aws/secretsmanager']

/** A request's `KmsKeyId` as it is stored: null for the key that AWS manages. */
export function kmsKeyIn (kmsKeyId: string): string | null {
  return managedKey.includes(kmsKeyId) ? null : kmsKeyId
}
