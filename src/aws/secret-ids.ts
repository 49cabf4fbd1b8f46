import type { Environment } from '#src/environments/environment'
import { parseSecretName, type SecretName } from '#src/environments/names'
import { fromAwsName, secretNameInArn } from './names.ts'

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

/**
 * Returns the name in an environment of the secret that AWS's clients call by its name in AWS or by its ARN, with or without the
 * six random characters. Returns undefined if there can be no such secret in the environment. The environment's account may be
 * unknown, so the ARN of the secret that is found has to be compared with `isNamedBy`.
 */
export function nameOfAwsId (environment: Environment, secretId: string): SecretName | undefined {
  if (!secretId.startsWith('arn:')) return fromAwsName(environment, secretId)
  const [, region, account = '', name = ''] = /^arn:[^:]*:secretsmanager:([^:]*):(\d*):secret:(.+)$/.exec(secretId) ?? []
  const isHere = region === environment.region && account === (environment.account ?? account)
  return isHere ? fromAwsName(environment, secretNameInArn(secretId) ?? name) : undefined
}

/** Returns true unless the secret ID is the ARN of another secret than the one with this ARN. */
export const isNamedBy = (arn: string, secretId: string): boolean =>
  !secretId.startsWith('arn:') || secretId === arn || secretId === arn.slice(0, -'-AbCdEf'.length)
