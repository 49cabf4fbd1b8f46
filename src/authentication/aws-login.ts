import { awsCallerId, awsGroups, type AwsIdentity, type AwsLoginSettings } from './aws-identities.ts'
import { readCallerIdentity } from './caller-identity-reply.ts'
import { readSignedRequest, requestBody, type SignedRequest } from './caller-identity-request.ts'
import { caller, type Caller } from './caller.ts'
import { fetchText } from './fetch-text.ts'
import { defaultLifetime, issueToken, type IssuedToken, type TokenKeys } from './gateway-token.ts'
import { unauthenticated, unavailable } from './refusal.ts'
import type { UsedSignatures } from './used-signatures.ts'

/** Seconds that a signature may come from the future, of a clock that is fast. */
const futureTolerance = 60

export interface AwsLogin {
  settings: AwsLoginSettings
  keys: TokenKeys
  used: UsedSignatures
  /** Where STS is, if not where AWS has it. */
  endpoint?: string
}

/** Where STS is in a region. The region is one of the configuration, and nothing else of the URL comes from outside. */
const stsUrl = (region: string, endpoint?: string): string =>
  endpoint ?? `https://sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/`

/**
 * Lets an AWS identity log in: has STS say who signed a `GetCallerIdentity` request, and gives a token to whom the configuration
 * allows one.
 *
 * @param headers of the signed request
 * @param now milliseconds since the epoch
 * @throws Problem `invalid-request`, `unauthenticated`, `identity-provider-unavailable`
 */
export async function awsLogin (
  { settings, keys, used, endpoint }: AwsLogin,
  headers: Readonly<Record<string, string>>,
  now: number
): Promise<IssuedToken & { caller: Caller }> {
  const { maximumAgeSeconds = 60, tokenLifetimeSeconds = defaultLifetime } = settings
  const signed = readSignedRequest(headers)
  if (signed.serverId !== settings.serverId) throw unauthenticated('aws-other-server')
  if (!settings.regions.includes(signed.region)) throw unauthenticated('aws-region-not-allowed')
  const url = stsUrl(signed.region, endpoint)
  if (signed.host !== undefined && signed.host !== new URL(url).host) throw unauthenticated('aws-other-host')
  const age = (now - signed.signedAt) / 1000
  // Written so that a moment that there is not is too old.
  if (!(age <= maximumAgeSeconds && age >= -futureTolerance)) throw unauthenticated('aws-signature-age')

  const taken = used.take(signed.signature, signed.signedAt + maximumAgeSeconds * 1000, now)
  if (taken === 'full') throw unavailable('aws-signatures-full')
  if (taken === 'used') throw unauthenticated('aws-signature-used')
  try {
    const id = awsCallerId(await whoSigned(url, signed))
    const groups = awsGroups(settings.identities, id)
    const content = { subject: id, audience: settings.serverId, lifetime: tokenLifetimeSeconds }
    return { ...await issueToken(keys, content, now), caller: caller('aws', id, groups) }
  } catch (error) {
    // Only who is let in can fill the memory.
    used.release(signed.signature)
    throw error
  }
}

/** The request is made anew from its parts: method, URL and body are the gateway's own. */
async function whoSigned (url: string, { headers }: SignedRequest): Promise<AwsIdentity> {
  const reply = await fetchText(url, { method: 'POST', headers, body: requestBody }).catch(() => undefined)
  if (reply === undefined || reply.status >= 500 || isThrottled(reply)) throw unavailable('sts')
  const identity = reply.status === 200 ? readCallerIdentity(reply.mediaType, reply.text) : undefined
  if (identity === undefined) throw unauthenticated(reply.status === 200 ? 'aws-identity-unknown' : 'aws-signature-refused')
  return identity
}

/** STS answers with 400 then. */
const isThrottled = ({ status, text }: { status: number, text: string }): boolean =>
  status === 429 || (status === 400 && text.includes('<Code>Throttling'))
