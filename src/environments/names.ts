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
 * The name of a secret in AWS, without the environment's prefix, that no path of the gateway can contain: for example `a//b`,
 * which proxies and clients rewrite.
 */
export type UnaddressableName = string & { readonly [brand]: 'UnaddressableName' }

/** The name of a secret in AWS, without the environment's prefix. */
export type AnyName = SecretName | UnaddressableName

const segment = '(?!\\.{1,2}(?:/|$))[A-Za-z0-9_+=.@!-]+'

/**
 * The pattern of a secret name. A name consists of segments separated by slashes. The characters are those that AWS allows. No
 * segment may be empty, `.` or `..`, because proxies and clients rewrite such paths. An ARN never matches, because it contains
 * colons.
 */
export const secretNamePattern = `^${segment}(?:/${segment})*$`

const matchesPattern = new RegExp(secretNamePattern, 'u')

export const maximumNameLength = shapes.NameType.max

/** Returns true if the text is a valid secret name. */
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
 * Returns the mistake in the name of a secret that is to be created, or undefined. Only AWS services give secrets names with `!`,
 * such as `rds!db-1`. In AWS's filters, the character means negation.
 */
export const newNameMistake = (name: SecretName): string | undefined =>
  name.includes('!') ? 'must NOT have ! in the name of a new secret: only AWS services use it' : undefined

/**
 * Returns any warnings about a new secret's name. AWS's documentation advises against names that end in a hyphen and six
 * characters, because AWS would mistake that ending for the random suffix of an ARN.
 */
export const nameWarnings = (name: SecretName): { warnings?: string[] } => /-[A-Za-z0-9]{6}$/.test(name)
  ? { warnings: ['The name ends in a hyphen and six characters, as ARNs do: AWS can\'t find the secret by an ARN without its suffix.'] }
  : {}

/**
 * The pattern of a name prefix. The characters are those that AWS allows, except `!`. When secrets are filtered by prefix, a
 * prefix that starts with `!` would mean negation.
 */
export const namePrefixPattern = limits.secretNamePattern.replace('!', '').replace('+$', '*$')
