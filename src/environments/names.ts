import { limits } from '#src/aws-model/limits'
import { shapes } from '#src/aws-model/shapes'

/** The part of an environment that determines its secrets' names in AWS. */
interface Prefixed {
  /** The prefix of the secrets' names in AWS; may be empty. */
  readonly namePrefix: string
}

declare const brand: unique symbol

/** A valid secret name, without the environment's prefix, for example `payments/db`. */
export type SecretName = string & { readonly [brand]: 'SecretName' }

/**
 * A name of a secret in AWS, without the environment's prefix, that the gateway's paths can't contain. An example is `a//b`,
 * because proxies and clients would rewrite it.
 */
export type UnaddressableName = string & { readonly [brand]: 'UnaddressableName' }

/** The name of a secret in AWS, without the environment's prefix. */
export type AnyName = SecretName | UnaddressableName

const segment = '(?!\\.{1,2}(?:/|$))[A-Za-z0-9_+=.@!-]+'

/**
 * The pattern of a secret name. A name consists of segments separated by slashes. The characters are those that AWS allows. No
 * segment may be empty, `.` or `..`, because proxies and clients rewrite paths with such segments. An ARN never matches, because
 * it contains colons.
 */
export const secretNamePattern = `^${segment}(?:/${segment})*$`

const matchesPattern = new RegExp(secretNamePattern, 'u')

export const maximumNameLength = shapes.NameType.max

export const isSecretName = (text: string): text is SecretName => text.length <= maximumNameLength && matchesPattern.test(text)

/**
 * Validates a secret name from a request. All other code requires a `SecretName`.
 *
 * @returns `name` if it is valid; otherwise `mistake`, an error message that does not quote the name
 */
export function parseSecretName (environment: Prefixed, text: string): { name: SecretName } | { mistake: string } {
  const room = maximumNameLength - environment.namePrefix.length
  if (text.length > room) return { mistake: `must NOT have more than ${room} characters in this environment` }
  return isSecretName(text) ? { name: text } : { mistake: 'must be a secret\'s name: letters, digits and /_+=.@!-, without empty, "." or ".." segments' }
}

/**
 * Returns the mistake in the name of a new secret, or undefined if there is none. The character `!` is a mistake for two reasons:
 * only AWS services use it in names, such as `rds!db-1`, and in AWS's filters it means negation.
 */
export const newNameMistake = (name: SecretName): string | undefined =>
  name.includes('!') ? 'must NOT have ! in the name of a new secret: only AWS services use it' : undefined

/**
 * Returns any warnings about a new secret's name. AWS's documentation advises against names that end in a hyphen and six
 * characters, because AWS would mistake such an ending for the random suffix of an ARN.
 */
export const nameWarnings = (name: SecretName): { warnings?: string[] } => /-[A-Za-z0-9]{6}$/.test(name)
  ? { warnings: ['The name ends in a hyphen and six characters, as ARNs do: AWS can\'t find the secret by an ARN without its suffix.'] }
  : {}

/**
 * The pattern of a name prefix. The characters are those that AWS allows, except `!`. When secrets are filtered by prefix, a
 * prefix that starts with `!` would mean negation.
 */
export const namePrefixPattern = limits.secretNamePattern.replace('!', '').replace('+$', '*$')
