import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { shapes } from '#src/aws-model/shapes'
import { parseAuthorization, type Authorization } from './authorization-header.ts'
import { brokenConstraints } from './constraints.ts'
import { signatureErrors } from './signature-errors.ts'
import { signatureOf, signingKeyOf, type Signed } from './signature-v4.ts'

/** The secret half of an access key, and its owner. */
export interface AccessKey<Principal> {
  secretAccessKey: string
  principal: Principal
}

/**
 * The unverified claim that a request was signed with an access key. It proves nothing until `verifySignature` has checked the
 * signature, which also covers the body.
 */
export interface Claim<Principal> extends Signed {
  accessKey: AccessKey<Principal>
}

/** Looks up an access key by its ID. Temporary keys are also identified by their session token. */
export type FindAccessKey<Principal> = (accessKeyId: string, sessionToken: string | undefined) => AccessKey<Principal> | undefined

/** The dependencies of reading a request's signature. */
export interface ClaimOptions<Principal> {
  service: ServiceName
  find: FindAccessKey<Principal>
  /** The path that the client signs. */
  path?: string
  /** Further headers that must be signed if the request has them. */
  alsoSigned?: readonly string[]
  /** Returns the time, in milliseconds since the epoch. */
  now?: () => number
}

/** The services that a request can be signed for. */
export type ServiceName = 'secretsmanager' | 'sts'

const sessionToken = 'x-amz-security-token'
const maxSkewInMinutes = 5
const maxSkew = maxSkewInMinutes * 60_000

/**
 * Reads the Signature Version 4 data from a request's headers, and performs every check that does not need the body.
 *
 * @throws AwsError `MissingAuthenticationTokenException`, `IncompleteSignatureException`, `UnrecognizedClientException`,
 * `ExpiredTokenException` or `InvalidSignatureException`
 */
export function readClaim<Principal> (
  request: IncomingMessage, { service, find, path = '/', alsoSigned = [], now = Date.now }: ClaimOptions<Principal>
): Claim<Principal> {
  const header = request.headers.authorization
  if (!header) throw signatureErrors.missing()
  const authorization = parseAuthorization(header)
  const { [sessionToken]: token } = request.headers
  const accessKey = find(authorization.accessKeyId, token?.toString())
  if (accessKey === undefined) throw signatureErrors.unknownClient()
  if (authorization.service !== service) throw signatureErrors.wrongScope(`correct service: '${service}'`)
  if (brokenConstraints(shapes.RegionType, authorization.region).length > 0) throw signatureErrors.wrongScope('a valid region')
  const headers = signedHeadersOf(request, authorization, alsoSigned)
  checkDate(headers.get('x-amz-date') ?? '', authorization, now())
  return { accessKey, authorization, path, headers }
}

/**
 * Verifies a claim's signature by computing the expected one.
 *
 * @param deriveKey derives the key that signs the requests of a day
 * @throws AwsError `InvalidSignatureException` if the two signatures differ
 */
export function verifySignature (claim: Claim<unknown>, body: Uint8Array, deriveKey = signingKeyOf): void {
  const { accessKey, authorization } = claim
  const expected = signatureOf(deriveKey(accessKey.secretAccessKey, authorization), claim, body)
  if (!timingSafeEqual(Buffer.from(expected), Buffer.from(authorization.signature))) throw signatureErrors.mismatch()
}

/**
 * Returns the signed headers. Each must occur exactly once. The host and the date must be signed. The target, the session token
 * and the headers in `alsoSigned` must be signed if the request has them.
 */
function signedHeadersOf (
  request: IncomingMessage, { signedHeaders }: Authorization, alsoSigned: readonly string[]
): Map<string, string> {
  const signedIfPresent = ['x-amz-target', sessionToken, ...alsoSigned]
  const needed = ['host', 'x-amz-date', ...signedIfPresent.filter((name) => request.headers[name] !== undefined)]
  const unsigned = needed.find((name) => !signedHeaders.includes(name))
  if (unsigned !== undefined) throw signatureErrors.incomplete(`'${unsigned}' must be a 'SignedHeader' in the AWS Authorization.`)
  return new Map(signedHeaders.map((name) => {
    // `headersDistinct` shows whether a header is repeated. `headers` does not: it contains only the first value or joins all
    // values.
    const [value, ...more] = request.headersDistinct[name] ?? []
    if (value === undefined || more.length > 0) throw signatureErrors.mismatch()
    return [name, value]
  }))
}

/**
 * Checks that a request was signed within five minutes of the current time. The embedded backend always uses the system clock,
 * even if it was started with a different one.
 */
function checkDate (text: string, { date }: Authorization, now: number): void {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? []
  const signed = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(signed)) throw signatureErrors.incomplete('Date must be in ISO-8601 \'basic format\'.')
  if (text.slice(0, 8) !== date) throw signatureErrors.wrongScope('the date of X-Amz-Date')
  if (signed < now - maxSkew) throw signatureErrors.expired(text, basicFormat(now - maxSkew))
  if (signed > now + maxSkew) throw signatureErrors.notYetCurrent(text, basicFormat(now + maxSkew))
}

function basicFormat (milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/[-:]|\.\d{3}/g, '')
}
