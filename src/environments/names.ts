import { limits } from '#src/aws-model/limits'
import { shapes } from '#src/aws-model/shapes'

/** The part of an environment that its names depend on. */
interface Prefixed {
  /** What AWS sees in front of each name; may be empty. */
  readonly namePrefix: string
}

declare const brand: unique symbol

/** A secret's name inside its environment, checked: `payments/db`. */
export type SecretName = string & { readonly [brand]: 'SecretName' }

const segment = '(?!\\.{1,2}(?:/|$))[A-Za-z0-9_+=.@-]+'

/**
 * A name: segments of AWS's characters without `!` (which negates in AWS's filters), none of them empty, `.` or `..`, which
 * proxies and clients rewrite. An ARN never matches, since it has colons.
 */
export const secretNamePattern = `^${segment}(?:/${segment})*$`

const matchesPattern = new RegExp(secretNamePattern, 'u')

export const maximumNameLength = shapes.NameType.max

/** Whether a text is a name that the gateway can address. */
export const isSecretName = (text: string): text is SecretName => text.length <= maximumNameLength && matchesPattern.test(text)

/**
 * A name as a request gave it, checked once for this environment; all code behind it takes `SecretName`.
 *
 * @returns the name, or in `mistake` what is wrong with it (without quoting it)
 */
export function parseSecretName (environment: Prefixed, text: string): { name: SecretName } | { mistake: string } {
  const room = maximumNameLength - environment.namePrefix.length
  if (text.length > room) return { mistake: `must NOT have more than ${room} characters in this environment` }
  return isSecretName(text) ? { name: text } : { mistake: 'must be a secret\'s name: letters, digits and /_+=.@-, without empty, "." or ".." segments' }
}

/**
 * What AWS advises against in a name, for whoever makes a secret: AWS reads the end of an ARN without its suffix as the suffix.
 *
 * @returns nothing where there is nothing to say
 */
export const nameWarnings = (name: SecretName): { warnings?: string[] } => /-[A-Za-z0-9]{6}$/.test(name)
  ? { warnings: ['The name ends in a hyphen and six characters, as ARNs do: AWS can\'t find the secret by an ARN without its suffix.'] }
  : {}

/** What an environment may put in front of its names: AWS's characters, without `!`, so that filters by prefix stay exact. */
export const namePrefixPattern = limits.secretNamePattern.replace('!', '').replace('+$', '*$')
