import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import { HttpRequest } from '@smithy/protocol-http'
import { SignatureV4 } from '@smithy/signature-v4'
import { tokens, type Gateway, type Reply } from './helper.ts'
import type { RawRequest } from './raw.ts'
import { Sha256 } from './src/local-backend/backend.ts'

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

/** Sends a call in AWS's protocol with a bearer token. Unlike the SDKs, does not validate or complete the input. */
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

/** The parts that a signature covers. By default, they are a valid call that reads the secret `canary`. */
export interface SignedParts {
  host?: string
  path?: string
  region?: string
  service?: string
  date?: Date
  /** Further headers. */
  headers?: Record<string, string>
  body?: string
}

/** The SDKs' signer, with keys of the gateway. */
export const signerOf = (
  { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken }: Keys,
  { region = 'eu-west-1', service = 'secretsmanager' }: Pick<SignedParts, 'region' | 'service'> = {}
): SignatureV4 => new SignatureV4({
  credentials: { accessKeyId, secretAccessKey, sessionToken }, region, service, sha256: Sha256, applyChecksum: false
})

/** Signs a call, and returns it as a request that tests can change before it is written to a socket. */
export async function signedCall (keys: Keys, parts: SignedParts = {}): Promise<RawRequest & { headers: [string, string][] }> {
  const { host = 'gateway.test', path = '/environments/dev/aws', date: signingDate = new Date(), headers, body = '{"SecretId":"dev/canary"}' } = parts
  const request = new HttpRequest({
    method: 'POST',
    hostname: host,
    path,
    headers: { host, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'secretsmanager.GetSecretValue', ...headers },
    body
  })
  const { host: _host, ...signed } = (await signerOf(keys, parts).sign(request, { signingDate })).headers
  return { method: 'POST', path, headers: Object.entries(signed), body }
}
