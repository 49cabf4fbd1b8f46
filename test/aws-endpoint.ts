import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import { tokens, type Gateway, type Reply } from './helper.ts'

/** Keys for AWS's protocol, as the gateway issues them. */
export interface Keys {
  AccessKeyId: string
  SecretAccessKey: string
  Token: string
  Expiration: string
}

interface CallOptions {
  environment?: string
  token?: string
  headers?: Record<string, string>
}

/** Sends a call in AWS's protocol with a bearer token. Unlike the SDKs, neither validates nor completes the input. */
export async function callAws (
  gateway: Gateway, operation: string, input: unknown, { environment = 'dev', token = tokens.administrator, headers }: CallOptions = {}
): Promise<Reply> {
  return gateway.send('POST', `/environments/${environment}/aws`, {
    token,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `secretsmanager.${operation}`, ...headers },
    body: typeof input === 'string' ? input : JSON.stringify(input)
  })
}

/** Returns keys for the caller that a token belongs to. */
export const keysFor = async (gateway: Gateway, token: string = tokens.administrator): Promise<Keys> =>
  (await gateway.send('GET', '/auth/aws/credentials', { token })).json as Keys

/** Returns an SDK client that calls an environment of the gateway. */
export const clientOf = (
  { url }: Pick<Gateway, 'url'>, { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken }: Keys, environment = 'dev'
): SecretsManager => new SecretsManager({
  region: 'eu-west-1',
  endpoint: `${url}/environments/${environment}/aws`,
  credentials: { accessKeyId, secretAccessKey, sessionToken },
  maxAttempts: 1
})
