import { createHash, createHmac } from 'node:crypto'
import { algorithm, type Authorization } from './authorization-header.ts'

/**
 * The signature, in AWS's Signature Version 4, of a POST to `/`. `headers` are the signed ones, by name in lower case.
 *
 * AWS's own library signs for a sender: it leaves out headers, such as `Date`, that other senders do sign.
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
  // Node reads a header's bytes as Latin-1, and it was the bytes that were signed.
  const stringToSign = [algorithm, headers.get('x-amz-date'), scope.join('/'), sha256(Buffer.from(canonicalRequest, 'latin1'))].join('\n')
  const key = scope.reduce<Uint8Array>(hmac, Buffer.from(`AWS4${secretAccessKey}`))
  return hmac(key, stringToSign).toString('hex')
}

/** Node has taken the blanks around it off. */
function canonical (value = ''): string {
  return value.replace(/[ \t]+/g, ' ')
}

function sha256 (data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac (key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
