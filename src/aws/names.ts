import { isSecretName, type SecretName } from '#src/environments/names'

/** The part of an environment that its names depend on. */
interface Prefixed {
  /** The prefix of every name in AWS; may be empty. */
  readonly namePrefix: string
}

declare const brand: unique symbol

/** A secret's name in AWS, with the environment's prefix: `prod/payments/db`. */
export type AwsName = string & { readonly [brand]: 'AwsName' }

/** Returns the name in AWS. */
export const toAwsName = (environment: Prefixed, name: SecretName): AwsName => (environment.namePrefix + name) as AwsName

/** Returns the name inside the environment, or undefined if the secret belongs to another or the gateway can't address it. */
export function fromAwsName (environment: Prefixed, awsName: string): SecretName | undefined {
  if (!awsName.startsWith(environment.namePrefix)) return undefined
  const name = awsName.slice(environment.namePrefix.length)
  return isSecretName(name) ? name : undefined
}
