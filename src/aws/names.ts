import { isSecretName, type AnyName, type SecretName, type UnaddressableName } from '#src/environments/names'

/** The part of an environment that determines its secrets' names in AWS. */
interface Prefixed {
  /** The prefix that the names of the environment's secrets have in AWS; may be empty. */
  readonly namePrefix: string
}

declare const brand: unique symbol

/** A secret's name in AWS, with the environment's prefix, for example `prod/payments/db`. */
export type AwsName = string & { readonly [brand]: 'AwsName' }

/** Returns a secret's name in AWS, by adding the environment's prefix. */
export const toAwsName = (environment: Prefixed, name: SecretName): AwsName => (environment.namePrefix + name) as AwsName

/**
 * Returns a secret's name without the environment's prefix, even if the gateway does not support the name. Returns undefined if
 * the secret belongs to another environment.
 */
export function anyNameFrom (environment: Prefixed, awsName: string): AnyName | undefined {
  if (!awsName.startsWith(environment.namePrefix)) return undefined
  const name = awsName.slice(environment.namePrefix.length)
  return isSecretName(name) ? name : name as UnaddressableName
}

/**
 * Returns a secret's name without the environment's prefix. Returns undefined if the secret belongs to another environment, or if
 * the gateway does not support its name.
 */
export function fromAwsName (environment: Prefixed, awsName: string): SecretName | undefined {
  const name = anyNameFrom(environment, awsName)
  return name !== undefined && isSecretName(name) ? name : undefined
}

/** Returns a secret's name in AWS from its ARN, without the random suffix, or undefined if the text is not a secret's ARN. */
export const secretNameInArn = (text: string): string | undefined =>
  /^arn:[^:]*:secretsmanager:[^:]*:\d*:secret:(.+)-.{6}$/.exec(text)?.[1]
