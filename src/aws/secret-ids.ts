import { limits } from '#src/aws-model/limits'
import { shapes } from '#src/aws-model/shapes'
import type { Environment } from '#src/environments/environment'
import { parseSecretName, type SecretName } from '#src/environments/names'
import { anyNameFrom, fromAwsName, secretNameInArn } from './names.ts'

/**
 * Reads what a request calls a secret: its name in the environment, or its ARN, such as it is in AWS's events.
 *
 * @returns `name`; or `mistake`, an error message that does not quote the text, for an invalid name or another environment's ARN
 */
export function parseSecretId (environment: Environment, text: string): { name: SecretName } | { mistake: string } {
  if (!text.startsWith('arn:')) return parseSecretName(environment, text)
  const [, , , region, account] = text.split(':')
  const isHere = region === environment.region && account === (environment.account ?? account)
  const name = isHere ? fromAwsName(environment, secretNameInArn(text) ?? '') : undefined
  return name === undefined ? { mistake: 'must be the ARN of a secret in this environment' } : { name }
}

/** What a request in AWS's protocol calls a secret. */
export interface NamedSecret {
  /** The secret's name in the environment. The gateway's own paths may be unable to contain it, as in `/payments/db`. */
  readonly name: SecretName
  /** The ARN, if the request contains a complete one. It names one secret; another one with the same name has a different ARN. */
  readonly arn?: string
}

const anyName = new RegExp(limits.secretNamePattern)

/** Returns true if AWS accepts the text as a secret's name. */
export const isAwsName = (text: string): boolean => text.length <= shapes.NameType.max && anyName.test(text)

/**
 * Reads a `SecretId` of AWS's protocol: a name in AWS, with the environment's prefix, an ARN, or an ARN without the six
 * characters that AWS adds to the name. Returns undefined if the secret would not be in the environment.
 */
export function secretIn (environment: Environment, secretId: string): NamedSecret | undefined {
  const { name: awsName, arn } = secretId.startsWith('arn:') ? inArn(environment, secretId) : { name: secretId }
  const name = isAwsName(awsName) ? anyNameFrom(environment, awsName) : undefined
  // The rest of the gateway takes any name that AWS accepts. Only paths can't contain them all.
  return name === undefined || name === '' ? undefined : { name: name as SecretName, ...arn !== undefined && { arn } }
}

/**
 * Returns the name in an ARN, which is empty if the ARN belongs to another environment. As in AWS, an ARN that ends in a hyphen
 * and six characters counts as complete. Six digits are taken as a part of the name, because they usually are one, as in
 * `backup-261129`.
 */
function inArn ({ region, account }: Environment, text: string): { name: string, arn?: string } {
  const [, regionInArn, accountInArn, rest = ''] = /^arn:[^:]*:secretsmanager:([^:]*):(\d{12}):secret:(.+)$/.exec(text) ?? []
  if (regionInArn !== region || accountInArn !== (account ?? accountInArn)) return { name: '' }
  const name = /^(.+)-(?!\d{6}$)[A-Za-z0-9]{6}$/.exec(rest)?.[1]
  return name === undefined ? { name: rest } : { name, arn: text }
}

/**
 * Returns true unless the secret ID is the ARN of another secret than the one with this ARN. The secret that `secretIn` finds may
 * be another one if the account of the environment is not known, or if the name has been used again.
 */
export const isNamedBy = (arn: string, secretId: string): boolean =>
  !secretId.startsWith('arn:') || secretId === arn || secretId === arn.slice(0, -'-AbCdEf'.length)
