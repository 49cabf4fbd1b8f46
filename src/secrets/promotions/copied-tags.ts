import type { SecretMetadata } from '#src/aws/secret'
import type { Environment } from '#src/environments/environment'

/** Returns true for AWS's own tags. AWS reserves the prefix `aws:` for them. */
const isAwsTag = (key: string): boolean => key.toLowerCase().startsWith('aws:')

/**
 * Returns the secret's tags that are copied to another environment. These are all tags except AWS's own tags and the tags that
 * either environment sets on all its secrets.
 */
export function copiedTags ({ tags = {} }: Pick<SecretMetadata, 'tags'>, source: Environment, target: Environment): Record<string, string> {
  const isPlace = (key: string): boolean => Object.hasOwn(source.tags, key) || Object.hasOwn(target.tags, key)
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !isPlace(key) && !isAwsTag(key)))
}
