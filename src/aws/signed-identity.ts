import { signatureOf, signingKeyOf } from '#src/aws-protocol/signature-v4'
import { algorithm } from '#src/aws-protocol/authorization-header'

/** What a signed `GetCallerIdentity` request is for. */
export interface IdentityRequest {
  region: string
  /** The name of the gateway that the request is for. A request with another name is refused. */
  serverId: string
  /** Makes the signature differ from others of the same second, because a gateway accepts each signature only once. */
  nonce: string
  /** The time of signing, in milliseconds since the epoch. */
  now: number
}

const body = Buffer.from('Action=GetCallerIdentity&Version=2011-06-15')

/**
 * Signs a `GetCallerIdentity` request with the keys that AWS's own clients would use on this machine, and does not send it.
 *
 * @returns the headers, with which STS tells the identity of the signer
 * @throws Error if there are no keys
 */
export async function signedIdentity ({ region, serverId, nonce, now }: IdentityRequest): Promise<Record<string, string>> {
  const { STSClient } = await import('@aws-sdk/client-sts')
  const { config } = new STSClient({ region })
  const { accessKeyId, secretAccessKey, sessionToken } = await config.credentials()
  const { hostname, port } = await config.endpoint?.() ?? { hostname: config.endpointProvider({ Region: region, ...await variants(config) }).url.hostname }
  const time = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const headers = new Map([
    ['host', port === undefined ? hostname : `${hostname}:${port}`],
    ['content-type', 'application/x-www-form-urlencoded'],
    ['x-amz-date', time],
    ['x-secrets-gateway-nonce', nonce],
    ['x-secrets-gateway-server-id', serverId],
    ...sessionToken === undefined ? [] : [['x-amz-security-token', sessionToken] as const]
  ])
  const names = [...headers.keys()].sort()
  const scope = { accessKeyId, date: time.slice(0, 8), region, service: 'sts', signedHeaders: names, signature: '' }
  const signature = signatureOf(signingKeyOf(secretAccessKey, scope), { authorization: scope, path: '/', headers }, body)
  const authorization = `${algorithm} Credential=${accessKeyId}/${scope.date}/${region}/sts/aws4_request, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { ...Object.fromEntries(headers), authorization }
}

/** Returns the variants of the endpoint that the user's AWS settings choose. */
async function variants ({ useFipsEndpoint, useDualstackEndpoint }: {
  useFipsEndpoint: () => Promise<boolean>
  useDualstackEndpoint: () => Promise<boolean>
}): Promise<{ UseFIPS: boolean, UseDualStack: boolean }> {
  return { UseFIPS: await useFipsEndpoint(), UseDualStack: await useDualstackEndpoint() }
}
