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
