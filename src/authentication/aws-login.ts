import { awsCallerId, awsGroups, type AwsIdentity, type AwsLoginSettings } from './aws-identities.ts'
import { readCallerIdentity } from './caller-identity-reply.ts'
import { readSignedRequest, requestBody, type SignedRequest } from './caller-identity-request.ts'
import { caller, type Caller } from './caller.ts'
import { fetchText } from './fetch-text.ts'
import { defaultLifetime, issueToken, type IssuedToken, type TokenKeys } from './gateway-token.ts'
import { unauthenticated, unavailable } from './refusal.ts'
import type { UsedSignatures } from './used-signatures.ts'

/** The number of seconds by which a signature's time may be in the future, because a client's clock may be fast. */
const futureTolerance = 60

/** The settings and the state of AWS login. */
export interface AwsLogin {
  settings: AwsLoginSettings
  keys: TokenKeys
  used: UsedSignatures
  /** Returns the URL of STS in a region. */
  stsUrl: (region: string) => Promise<string>
}

/**
 * Logs in an AWS identity. Forwards its signed `GetCallerIdentity` request to STS, which verifies the signature and returns the
 * identity. Then issues a token if the configuration allows the identity to log in.
 *
 * @param headers the headers of the signed request
 * @param now milliseconds since the epoch
 * @throws Problem `invalid-request`, `unauthenticated`, `identity-provider-unavailable`, `shared-state-unavailable`
 */
export async function awsLogin (
  { settings, keys, used, stsUrl }: AwsLogin,
  headers: Readonly<Record<string, string>>,
  now: number
): Promise<IssuedToken & { caller: Caller }> {
  const { maximumAgeSeconds = 60, tokenLifetimeSeconds = defaultLifetime } = settings
  const signed = readSignedRequest(headers)
  if (signed.serverId !== settings.serverId) throw unauthenticated('aws-other-server')
  if (!settings.regions.includes(signed.region)) throw unauthenticated('aws-region-not-allowed')
  const url = await stsUrl(signed.region)
  if (signed.host !== undefined && signed.host !== new URL(url).host) throw unauthenticated('aws-other-host')
  const age = (now - signed.signedAt) / 1000
  // An invalid date makes the age NaN, which is refused too, because both comparisons are then false.
  if (!(age <= maximumAgeSeconds && age >= -futureTolerance)) throw unauthenticated('aws-signature-age')

  const use = await used.add(signed.signature, signed.signedAt - futureTolerance * 1_000)
  if (use === 'full') throw unavailable('aws-signatures-full')
  if (use === 'used') throw unauthenticated('aws-signature-used')
  if (use === 'unknown') throw unauthenticated('aws-signature-older-than-memory')
  try {
    const id = awsCallerId(await fetchSigner(url, signed))
    const groups = awsGroups(settings.identities, id)
    const content = { subject: id, audience: settings.serverId, lifetime: tokenLifetimeSeconds }
    return { ...await issueToken(keys, content, now), caller: caller('aws', id, groups) }
  } catch (error) {
    // Forgets the signature, so that only identities that are allowed to log in can use up the capacity of `used`.
    await used.remove(signed.signature)
    throw error
  }
}

/** Sends the signed headers to STS, with the gateway's own method, URL and body. Returns the identity that signed them. */
async function fetchSigner (url: string, { headers }: SignedRequest): Promise<AwsIdentity> {
  const reply = await fetchText(url, { method: 'POST', headers, body: requestBody }).catch(() => undefined)
  if (reply === undefined || reply.status >= 500 || isThrottled(reply)) throw unavailable('sts')
  const identity = reply.status === 200 ? readCallerIdentity(reply.mediaType, reply.text) : undefined
  if (identity === undefined) throw unauthenticated(reply.status === 200 ? 'aws-identity-unknown' : 'aws-signature-refused')
  return identity
}

/** Returns true if STS throttled the request. STS reports that with status 400 or 429. */
const isThrottled = ({ status, text }: { status: number, text: string }): boolean =>
  status === 429 || (status === 400 && text.includes('<Code>Throttling'))
