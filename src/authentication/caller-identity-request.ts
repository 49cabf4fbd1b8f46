import { createHash } from 'node:crypto'
import { invalidRequest } from '#src/problems/problem'
import { unauthenticated } from './refusal.ts'

/** The header that binds a signed request to one gateway, so that what was signed for another is of no use here. */
const serverIdHeader = 'x-secrets-gateway-server-id'

/** The body of the one request that is ever made, of which the signature holds a hash. */
export const requestBody = 'Action=GetCallerIdentity&Version=2011-06-15'

/** What a header may be; none but these is sent to STS. The first three have to be there. */
const allowed: Readonly<Record<string, RegExp>> = {
  authorization: /^[ -~]{1,2048}$/,
  'x-amz-date': /^\d{8}T\d{6}Z$/,
  [serverIdHeader]: /^[!-~]{1,255}$/,
  // What is signed twice in a second has one signature, and that is taken once: this tells two apart.
  'x-secrets-gateway-nonce': /^[\w-]{1,64}$/,
  'x-amz-security-token': /^[A-Za-z0-9+/=]{1,8192}$/,
  'content-type': /^application\/x-www-form-urlencoded(; ?charset=utf-8)?$/i,
  'content-length': new RegExp(`^${requestBody.length}$`),
  'x-amz-content-sha256': new RegExp(`^${createHash('sha256').update(requestBody).digest('hex')}$`),
  host: /^[a-z0-9.:-]{1,255}$/
}

const authorizationPattern =
  /^AWS4-HMAC-SHA256 Credential=\w{1,128}\/(\d{8})\/([a-z0-9-]+)\/sts\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/

/** A signed `GetCallerIdentity` request, taken apart. */
export interface SignedRequest {
  region: string
  /** Milliseconds since the epoch. */
  signedAt: number
  signature: string
  serverId: string
  host: string | undefined
  /** To send on: what was signed, the signature, and nothing else. */
  headers: Readonly<Record<string, string>>
}

const mistake = (message: string, name?: string): Error =>
  invalidRequest({ in: 'body', pointer: name === undefined ? '/headers' : `/headers/${name}`, message })

/**
 * Takes the headers of a signed request (Signature Version 4) apart. What they can be is fixed but for the time, the credential
 * and the signature: nothing else could be sent to STS, whatever was signed.
 *
 * @throws Problem `invalid-request` for another form, `unauthenticated` for one that can't be verified
 */
export function readSignedRequest (sent: Readonly<Record<string, string>>): SignedRequest {
  const headers = new Map<string, string>()
  for (const [sentName, value] of Object.entries(sent)) {
    const name = sentName.toLowerCase()
    const pattern = Object.hasOwn(allowed, name) ? allowed[name] : undefined
    if (pattern === undefined || headers.has(name)) throw mistake('have a member that is not taken, or is there twice')
    if (!pattern.test(value)) throw mistake('is not what a request for GetCallerIdentity has', name)
    headers.set(name, value)
  }
  const required = (name: string): string => {
    const value = headers.get(name)
    if (value === undefined) throw mistake('is required', name)
    return value
  }
  const [authorization, date, serverId] = [required('authorization'), required('x-amz-date'), required(serverIdHeader)]

  const [, day = '', region = '', signedHeaders = '', signature = ''] = authorizationPattern.exec(authorization) ?? []
  if (signature === '') throw mistake('is not a signature of version 4 for sts', 'authorization')
  const signed = new Set(signedHeaders.split(';'))
  const unsigned = ['host', ...headers.keys()].find((name) => name !== 'authorization' && !signed.has(name))
  if (unsigned !== undefined) throw mistake('must be signed', unsigned)
  const missing = [...signed].find((name) => name !== 'host' && !headers.has(name))
  if (missing !== undefined) throw mistake('have not all that is signed')
  if (!date.startsWith(day)) throw unauthenticated('aws-date-mismatch')

  // The connection has a host and a length of its own.
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

/** `20261121T101500Z` as milliseconds since the epoch; NaN where there is no such moment. */
const amzTime = (date: string): number =>
  Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
