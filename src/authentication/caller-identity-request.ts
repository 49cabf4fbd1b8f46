import { createHash } from 'node:crypto'
import { invalidRequest } from '#src/problems/problem'
import { unauthenticated } from './refusal.ts'

/** The header that binds a signed request to one gateway, so that a request signed for another gateway is refused. */
const serverIdHeader = 'x-secrets-gateway-server-id'

/** The body of the request to STS. The client's signature covers the body's hash, so the client must have signed this body. */
export const requestBody = 'Action=GetCallerIdentity&Version=2011-06-15'

/** The headers that a signed request may have, with a pattern for each value. The first three are required. */
const allowed: Readonly<Record<string, RegExp>> = {
  authorization: /^[ -~]{1,2048}$/,
  'x-amz-date': /^\d{8}T\d{6}Z$/,
  [serverIdHeader]: /^[!-~]{1,255}$/,
  // Two requests signed within the same second have the same signature, which is accepted only once. A nonce makes the
  // signatures differ.
  'x-secrets-gateway-nonce': /^[\w-]{1,64}$/,
  'x-amz-security-token': /^[A-Za-z0-9+/=]{1,8192}$/,
  'content-type': /^application\/x-www-form-urlencoded(; ?charset=utf-8)?$/i,
  'content-length': new RegExp(`^${requestBody.length}$`),
  'x-amz-content-sha256': new RegExp(`^${createHash('sha256').update(requestBody).digest('hex')}$`),
  host: /^[a-z0-9.:-]{1,255}$/
}

const authorizationPattern =
  /^AWS4-HMAC-SHA256 Credential=\w{1,128}\/(\d{8})\/([a-z0-9-]+)\/sts\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/

/** The parts of a signed `GetCallerIdentity` request. */
export interface SignedRequest {
  region: string
  /** The time of signing, in milliseconds since the epoch. NaN for an invalid date. */
  signedAt: number
  signature: string
  serverId: string
  host: string | undefined
  /**
   * The headers to send to STS. The client signed all of them, except `Authorization` itself and the `Content-Type` that the
   * gateway adds if the client sent none.
   */
  headers: Readonly<Record<string, string>>
}

const invalidHeader = (message: string, name?: string): Error =>
  invalidRequest({ in: 'body', pointer: name === undefined ? '/headers' : `/headers/${name}`, message })

/**
 * Parses the headers of a signed request (Signature Version 4). Accepts only known headers with expected values, so the gateway
 * can't be made to send any other request to STS.
 *
 * @throws Problem `invalid-request` if a header is unknown, missing, malformed or unsigned
 * @throws Problem `unauthenticated` if `X-Amz-Date` and the date in `Authorization` differ
 */
export function readSignedRequest (sent: Readonly<Record<string, string>>): SignedRequest {
  const headers = new Map<string, string>()
  for (const [sentName, value] of Object.entries(sent)) {
    const name = sentName.toLowerCase()
    const pattern = Object.hasOwn(allowed, name) ? allowed[name] : undefined
    if (pattern === undefined || headers.has(name)) throw invalidHeader('must NOT have a member that is unknown or given twice')
    if (!pattern.test(value)) throw invalidHeader('must be as in a request for GetCallerIdentity', name)
    headers.set(name, value)
  }
  const required = (name: string): string => {
    const value = headers.get(name)
    if (value === undefined) throw invalidHeader('is required', name)
    return value
  }
  const [authorization, date, serverId] = [required('authorization'), required('x-amz-date'), required(serverIdHeader)]

  const [, day = '', region = '', signedHeaders = '', signature = ''] = authorizationPattern.exec(authorization) ?? []
  if (signature === '') throw invalidHeader('must be a Signature Version 4 for the service sts', 'authorization')
  const signed = new Set(signedHeaders.split(';'))
  const unsigned = ['host', ...headers.keys()].find((name) => name !== 'authorization' && !signed.has(name))
  if (unsigned !== undefined) throw invalidHeader('must be signed', unsigned)
  const missing = [...signed].find((name) => name !== 'host' && !headers.has(name))
  if (missing !== undefined) throw invalidHeader('must include all signed headers')
  if (!date.startsWith(day)) throw unauthenticated('aws-date-mismatch')

  // `fetch` sets `Host` and `Content-Length` itself.
  const others = Array.from(headers).filter(([name]) => name !== 'host' && name !== 'content-length')
  return {
    region,
    signedAt: amzTime(date),
    signature,
    serverId,
    host: headers.get('host'),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...Object.fromEntries(others) }
  }
}

/** Converts `20261121T101500Z` to milliseconds since the epoch. Returns NaN for an invalid date. */
const amzTime = (date: string): number =>
  Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
