/**
 * Says whether two names belong to the same KMS key. The relation is `unknown` if the names don't show it, because an alias can
 * belong to any key.
 */
export type KmsKeyRelation = 'same' | 'different' | 'unknown'

/** The alias of the key that AWS uses if a secret names none. AWS manages this key, and no other alias can belong to it. */
const defaultKey = 'alias/aws/secretsmanager'

/**
 * Compares two KMS keys, such as the one that the configuration names and the one that AWS reports. Each is an ID, an alias or
 * the ARN of one of these. If it is absent or empty, it is `aws/secretsmanager`, which AWS never reports by its ID.
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
