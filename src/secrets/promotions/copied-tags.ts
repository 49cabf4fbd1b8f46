import type { Environment } from '#src/environments/environment'
import type { SecretMetadata } from '#src/secrets/schemas'

/** Only AWS gives tags such keys. */
const isAwsTag = (key: string): boolean => key.toLowerCase().startsWith('aws:')

/**
 * The tags that go with a secret to another environment: its own, without those that say where it is. Those that either
 * environment gives to all its secrets stay where they are, and so do AWS's.
 */
export function copiedTags ({ tags = {} }: Pick<SecretMetadata, 'tags'>, source: Environment, target: Environment): Record<string, string> {
  const isPlace = (key: string): boolean => Object.hasOwn(source.tags, key) || Object.hasOwn(target.tags, key)
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !isPlace(key) && !isAwsTag(key)))
}
