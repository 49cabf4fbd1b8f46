import { limits } from '#src/aws-model/limits'
import { shapes } from '#src/aws-model/shapes'
import type { Environment } from '#src/environments/environment'
import { parseSecretName, type SecretName } from '#src/environments/names'
import { anyNameFrom, fromAwsName, secretNameInArn } from './names.ts'

/**
 * Parses the ID by which a request identifies a secret: its name in the environment, or its ARN, as in AWS's events.
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

/** A secret that a request in AWS's protocol names. */
export interface NamedSecret {
  /** The secret's name in the environment. It may be a name that no path of the gateway can contain, such as `/payments/db`. */
  readonly name: SecretName
  /** The ARN, if the request has a complete one. A secret that is created again with the same name gets a different ARN. */
  readonly arn?: string
}

const anyName = new RegExp(limits.secretNamePattern)

/** Returns true if AWS accepts the text as a secret's name. */
export const isAwsName = (text: string): boolean => text.length <= shapes.NameType.max && anyName.test(text)

/**
 * Parses a `SecretId` of AWS's protocol: an AWS name, which begins with the environment's prefix, an ARN, or an ARN without its
 * random suffix of six characters. Returns undefined if the secret is not in the environment.
 */
export function secretIn (environment: Environment, secretId: string): NamedSecret | undefined {
  const { name: awsName, arn } = secretId.startsWith('arn:') ? inArn(environment, secretId) : { name: secretId }
  const name = isAwsName(awsName) ? anyNameFrom(environment, awsName) : undefined
  // The gateway's paths can't contain every such name. Only the routes restrict names; the code behind them accepts every name
  // that AWS accepts.
  return name === undefined || name === '' ? undefined : { name: name as SecretName, ...arn !== undefined && { arn } }
}

/**
 * Returns the AWS name in an ARN, or an empty name if the ARN belongs to another environment. As in AWS, a hyphen and six
 * characters at the end count as the random suffix. Six digits, however, count as part of the name, because they usually are a
 * date, as in `backup-261129`.
 */
function inArn ({ region, account }: Environment, text: string): { name: string, arn?: string } {
  const [, regionInArn, accountInArn, rest = ''] = /^arn:[^:]*:secretsmanager:([^:]*):(\d{12}):secret:(.+)$/.exec(text) ?? []
  if (regionInArn !== region || accountInArn !== (account ?? accountInArn)) return { name: '' }
  const name = /^(.+)-(?!\d{6}$)[A-Za-z0-9]{6}$/.exec(rest)?.[1]
  return name === undefined ? { name: rest } : { name, arn: text }
}

/**
 * Returns false if the secret ID is the ARN of a secret other than the one with this ARN. This happens if the environment's
 * account is unknown, or if the secret was deleted and its name was reused.
 */
export const isNamedBy = (arn: string, secretId: string): boolean =>
  !secretId.startsWith('arn:') || secretId === arn || secretId === arn.slice(0, -'-AbCdEf'.length)
