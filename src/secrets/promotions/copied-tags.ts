import type { SecretMetadata } from '#src/aws/secret'
import type { Environment } from '#src/environments/environment'

/** AWS reserves this prefix for its own tags. */
const isAwsTag = (key: string): boolean => key.toLowerCase().startsWith('aws:')

/**
 * Returns the tags that are copied to another environment: the secret's own, without AWS's tags and without those that either
 * environment sets on all its secrets.
 */
export function copiedTags ({ tags = {} }: Pick<SecretMetadata, 'tags'>, source: Environment, target: Environment): Record<string, string> {
  const isPlace = (key: string): boolean => Object.hasOwn(source.tags, key) || Object.hasOwn(target.tags, key)
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !isPlace(key) && !isAwsTag(key)))
}
