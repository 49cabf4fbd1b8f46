import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'
import { algorithm, type Authorization } from './authorization-header.ts'

/** The parts of a request, other than the body, that a signature covers. */
export interface Signed {
  readonly authorization: Authorization
  /** The path of the request, as it was sent. It must not contain characters that require URI encoding. */
  readonly path: string
  /** The signed headers, by name in lower case. */
  readonly headers: ReadonlyMap<string, string>
}

/**
 * Derives the key that signs all requests of a day, in a region, for a service. It is a `KeyObject`, because an HMAC whose key is
 * a buffer takes Node.js ten times as long.
 */
export function signingKeyOf (secretAccessKey: string, scope: Authorization): KeyObject {
  return createSecretKey(scopeOf(scope).reduce<Buffer>(hmac, Buffer.from(`AWS4${secretAccessKey}`)))
}

const scopeOf = ({ date, region, service }: Authorization): string[] => [date, region, service, 'aws4_request']

/**
 * Computes the AWS Signature Version 4 of a POST request without a query string.
 *
 * AWS's own library can't be used here, because it is made for clients: it always leaves some headers, such as `Date`, out of the
 * signature. Other clients may sign those headers, and their signatures must be verified, too.
 *
 * @param signingKey the result of `signingKeyOf`
 * @returns 64 lower-case hexadecimal digits
 */
export function signatureOf (signingKey: KeyObject, { authorization, path, headers }: Signed, body: Uint8Array): string {
  const names = [...headers.keys()].sort()
  const canonicalRequest = [
    'POST', path, '', ...names.map((name) => `${name}:${canonical(headers.get(name))}`), '', names.join(';'), sha256(body)
  ].join('\n')
  // Node decodes header bytes as Latin-1, so encoding as Latin-1 restores the bytes that the client signed.
  const hashed = sha256(Buffer.from(canonicalRequest, 'latin1'))
  return hmac(signingKey, [algorithm, headers.get('x-amz-date'), scopeOf(authorization).join('/'), hashed].join('\n')).toString('hex')
}

/** Collapses each run of blanks into one, as Signature Version 4 requires. Node has already trimmed the value. */
function canonical (value = ''): string {
  return value.replace(/[ \t]+/g, ' ')
}

const sha256 = (data: Uint8Array): string => hash('sha256', data)

function hmac (key: Uint8Array | KeyObject, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
