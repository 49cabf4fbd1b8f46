import { createHash, createHmac } from 'node:crypto'
import { algorithm, type Authorization } from './authorization-header.ts'

/**
 * Computes the AWS Signature Version 4 of a POST request to `/`.
 *
 * AWS's own library can't be used here, because it is made for clients: it always leaves some headers, such as `Date`, out of the
 * signature. Other clients may sign those headers, and their signatures must be verified, too.
 *
 * @param headers the signed headers, by name in lower case
 * @returns 64 lower-case hexadecimal digits
 */
export function signatureOf (
  secretAccessKey: string,
  { date, region, service }: Authorization,
  headers: ReadonlyMap<string, string>,
  body: Uint8Array
): string {
  const names = [...headers.keys()].sort()
  const canonicalRequest = [
    'POST', '/', '', ...names.map((name) => `${name}:${canonical(headers.get(name))}`), '', names.join(';'), sha256(body)
  ].join('\n')
  const scope = [date, region, service, 'aws4_request']
  // Node decodes header bytes as Latin-1, so encoding as Latin-1 restores the bytes that the client signed.
  const stringToSign = [algorithm, headers.get('x-amz-date'), scope.join('/'), sha256(Buffer.from(canonicalRequest, 'latin1'))].join('\n')
  const key = scope.reduce<Uint8Array>(hmac, Buffer.from(`AWS4${secretAccessKey}`))
  return hmac(key, stringToSign).toString('hex')
}

/** Collapses each run of blanks into one, as Signature Version 4 requires. Node has already trimmed the value. */
function canonical (value = ''): string {
  return value.replace(/[ \t]+/g, ' ')
}

function sha256 (data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac (key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
