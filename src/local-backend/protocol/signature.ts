import { createHash, timingSafeEqual } from 'node:crypto'
import { type IncomingMessage } from 'node:http'
import { HttpRequest } from '@smithy/protocol-http'
import { SignatureV4 } from '@smithy/signature-v4'
import { shapes } from '../../aws-model.ts'
import { parseAuthorization, type Authorization } from './authorization-header.ts'
import { Sha256 } from './sha256.ts'
import { signatureErrors } from './signature-errors.ts'

/** An AWS account and the one pair of keys that belongs to it. */
export interface Account {
  /** Twelve digits. */
  accountId: string
  accessKeyId: string
  secretAccessKey: string
}

/** Whom a signature belongs to, and the region that it was made for. */
export interface Caller {
  accountId: string
  region: string
}

const service = 'secretsmanager'
const maxSkewInMinutes = 5
const maxSkew = maxSkewInMinutes * 60_000

/**
 * Verifies a request's Signature Version 4 by signing again what the caller says that it signed, and tells who the caller is.
 *
 * Throws MissingAuthenticationTokenException, IncompleteSignatureException, UnrecognizedClientException or
 * InvalidSignatureException. `accounts` are by access key ID.
 */
export async function verifySignature (
  request: IncomingMessage, body: Uint8Array, accounts: ReadonlyMap<string, Account>
): Promise<Caller> {
  const header = request.headers.authorization
  if (!header) throw signatureErrors.missing()
  const authorization = parseAuthorization(header)
  const account = accounts.get(authorization.accessKeyId)
  if (account === undefined || request.headers['x-amz-security-token'] !== undefined) throw signatureErrors.unknownClient()
  if (authorization.service !== service) throw signatureErrors.wrongScope(`correct service: '${service}'`)
  if (!new RegExp(shapes.RegionType.pattern).test(authorization.region)) throw signatureErrors.wrongScope('a valid region')
  const headers = signedHeadersOf(request, authorization)
  const signingDate = dateOf(headers, authorization)
  // The signing library takes this header's word for the body's hash.
  const claimedHash = headers['x-amz-content-sha256']
  if (claimedHash !== undefined && claimedHash !== createHash('sha256').update(body).digest('hex')) throw signatureErrors.mismatch()

  const signer = new SignatureV4({
    credentials: account, region: authorization.region, service, sha256: Sha256, applyChecksum: false
  })
  const signed = await signer.sign(
    new HttpRequest({ method: 'POST', path: '/', headers, body }),
    { signingDate, signableHeaders: new Set(authorization.signedHeaders) }
  )
  const expected = parseAuthorization(String(signed.headers.authorization))
  if (!timingSafeEqual(Buffer.from(expected.signature), Buffer.from(authorization.signature))) throw signatureErrors.mismatch()
  return { accountId: account.accountId, region: authorization.region }
}

/** The signed headers alone. Each must be there once; host, date and target must be among them. */
function signedHeadersOf (request: IncomingMessage, { signedHeaders }: Authorization): Record<string, string> {
  const needed = ['host', 'x-amz-date', ...(request.headers['x-amz-target'] === undefined ? [] : ['x-amz-target'])]
  const unsigned = needed.find((name) => !signedHeaders.includes(name))
  if (unsigned !== undefined) throw signatureErrors.incomplete(`'${unsigned}' must be a 'SignedHeader' in the AWS Authorization.`)
  const headers = signedHeaders.map((name): [string, string] => {
    // Of a header that came twice, Node shows one value or both joined: no longer what was signed.
    const [value, ...more] = request.headersDistinct[name] ?? []
    if (value === undefined || more.length > 0) throw signatureErrors.mismatch()
    return [name, value]
  })
  return Object.fromEntries(headers)
}

/** When the request was signed: at most five minutes from now by the real clock, whatever clock the store goes by. */
function dateOf (headers: Readonly<Record<string, string>>, authorization: Authorization): Date {
  const text = headers['x-amz-date'] ?? ''
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? []
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(date.getTime())) throw signatureErrors.incomplete('Date must be in ISO-8601 \'basic format\'.')
  if (!text.startsWith(authorization.date)) throw signatureErrors.wrongScope('the date of X-Amz-Date')
  const now = Date.now()
  if (date.getTime() < now - maxSkew) throw signatureErrors.expired(text, basicFormat(now - maxSkew))
  if (date.getTime() > now + maxSkew) throw signatureErrors.notYetCurrent(text, basicFormat(now + maxSkew))
  return date
}

function basicFormat (milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/[-:]|\.\d{3}/g, '')
}
