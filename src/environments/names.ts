import { limits } from '#src/aws-model/limits'
import { shapes } from '#src/aws-model/shapes'

/** The members of an environment that its secrets' names depend on. */
interface Prefixed {
  /** The prefix of the secrets' names in AWS; may be empty. */
  readonly namePrefix: string
}

declare const brand: unique symbol

/** A valid secret name, without the environment's prefix: `payments/db`. */
export type SecretName = string & { readonly [brand]: 'SecretName' }

const segment = '(?!\\.{1,2}(?:/|$))[A-Za-z0-9_+=.@-]+'

/**
 * The pattern of a secret name: segments of the characters that AWS allows, except `!`, which means negation in AWS's filters. No
 * segment may be empty, `.` or `..`, which proxies and clients rewrite. An ARN never matches, since it contains colons.
 */
export const secretNamePattern = `^${segment}(?:/${segment})*$`

const matchesPattern = new RegExp(secretNamePattern, 'u')

export const maximumNameLength = shapes.NameType.max

/** Checks whether a text is a valid secret name. */
export const isSecretName = (text: string): text is SecretName => text.length <= maximumNameLength && matchesPattern.test(text)

/**
 * Validates a secret name from a request. All other code requires a `SecretName`.
 *
 * @returns the name, or an error message in `mistake`, which does not quote the name
 */
export function parseSecretName (environment: Prefixed, text: string): { name: SecretName } | { mistake: string } {
  const room = maximumNameLength - environment.namePrefix.length
  if (text.length > room) return { mistake: `must NOT have more than ${room} characters in this environment` }
  return isSecretName(text) ? { name: text } : { mistake: 'must be a secret\'s name: letters, digits and /_+=.@-, without empty, "." or ".." segments' }
}

/**
 * Returns warnings about a new secret's name, if there are any. AWS's documentation advises against names that end like an ARN,
 * since AWS would mistake that ending for the random suffix of the ARN.
 */
export const nameWarnings = (name: SecretName): { warnings?: string[] } => /-[A-Za-z0-9]{6}$/.test(name)
  ? { warnings: ['The name ends in a hyphen and six characters, as ARNs do: AWS can\'t find the secret by an ARN without its suffix.'] }
  : {}

/** The pattern of a name prefix: the characters that AWS allows, except `!`, which would negate a filter by prefix. */
export const namePrefixPattern = limits.secretNamePattern.replace('!', '').replace('+$', '*$')
