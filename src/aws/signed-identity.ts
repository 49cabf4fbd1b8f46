import { signatureOf, signingKeyOf } from '#src/aws-protocol/signature-v4'
import { algorithm } from '#src/aws-protocol/authorization-header'

/** The parameters of a signed `GetCallerIdentity` request. */
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
 * @returns the signed headers, from which STS can determine the signer's identity
 * @throws Error if there are no keys
 */
export async function signedIdentity ({ region, serverId, nonce, now }: IdentityRequest): Promise<Record<string, string>> {
  const { STSClient } = await import('@aws-sdk/client-sts')
  const { config } = new STSClient({ region })
  const { accessKeyId, secretAccessKey, sessionToken } = await config.credentials()
  const [UseFIPS, UseDualStack] = await Promise.all([config.useFipsEndpoint(), config.useDualstackEndpoint()])
  // The gateway forwards the request to the STS endpoint that it uses itself. The signature covers the host, so a custom endpoint
  // on this machine must be the gateway's endpoint, too.
  const endpoint = process.env.AWS_ENDPOINT_URL_STS ?? config.endpointProvider({ Region: region, UseFIPS, UseDualStack }).url.href
  const time = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const headers = new Map([
    ['host', new URL(endpoint).host],
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
