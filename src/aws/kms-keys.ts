/**
 * The relation between two names of KMS keys. It is `unknown` if the names differ but may refer to the same key, because an alias
 * can refer to any key.
 */
export type KmsKeyRelation = 'same' | 'different' | 'unknown'

/** The alias of the AWS managed key, which encrypts a secret if no other key is chosen. No other alias can refer to this key. */
const defaultKey = 'alias/aws/secretsmanager'

/**
 * Compares two KMS keys, such as the configured key and the key that AWS reports. Each is given as an ID, an alias, or the ARN of
 * either. A missing or empty name stands for `aws/secretsmanager`, a key that AWS never reports by its ID.
 */
export function compareKmsKeys (one: string | undefined, other: string | undefined): KmsKeyRelation {
  const [here, there] = [partsOf(one), partsOf(other)]
  const isSamePlace = here.place === undefined || there.place === undefined || here.place === there.place
  if (here.key === there.key) return isSamePlace ? 'same' : 'different'
  const hasDefault = here.key === defaultKey || there.key === defaultKey
  const hasAlias = here.key.startsWith('alias/') || there.key.startsWith('alias/')
  return hasAlias && !hasDefault ? 'unknown' : 'different'
}

/** Returns the key's ID or alias and, if the name is an ARN, the partition, region and account in it. */
function partsOf (name = ''): { place?: string, key: string } {
  const [, place, resource] = /^(arn:.*):([^:]+)$/.exec(name) ?? []
  const key = (resource ?? name).replace(/^key\//, '') || defaultKey
  return place === undefined ? { key } : { place, key }
}
