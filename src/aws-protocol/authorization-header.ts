import { signatureErrors } from './signature-errors.ts'

/** The parts of an `Authorization` header of Signature Version 4. */
export interface Authorization {
  accessKeyId: string
  /** The date of the credential scope, as YYYYMMDD. */
  date: string
  region: string
  service: string
  /** The names of the signed headers, in lower case. */
  signedHeaders: readonly string[]
  /** 64 lower-case hexadecimal digits. */
  signature: string
}

/** The only algorithm of Signature Version 4 that is accepted. */
export const algorithm = 'AWS4-HMAC-SHA256'

/**
 * Parses an `Authorization` header.
 *
 * @throws AwsError `IncompleteSignatureException` if a part is missing, repeated or malformed
 */
export function parseAuthorization (header: string): Authorization {
  const [scheme, ...rest] = header.split(/[ \t]+/)
  if (scheme !== algorithm) throw signatureErrors.incomplete(`Authorization header requires algorithm '${algorithm}'.`)
  const pairs = rest.join('').split(',').map((parameter): [string, string] => {
    const equals = parameter.indexOf('=')
    return [parameter.slice(0, equals), parameter.slice(equals + 1)]
  })
  const parameters = new Map(pairs)
  if (parameters.size < pairs.length) throw signatureErrors.incomplete('Authorization header has a parameter more than once.')
  const [accessKeyId, date, region, service, terminator, ...more] = required(parameters, 'Credential').split('/')
  if (!accessKeyId || !date || !region || !service || terminator !== 'aws4_request' || more.length > 0) {
    throw signatureErrors.incomplete('Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.')
  }
  const signature = required(parameters, 'Signature')
  if (!/^[0-9a-f]{64}$/.test(signature)) throw signatureErrors.incomplete('Signature must be 64 hexadecimal digits.')
  const signedHeaders = required(parameters, 'SignedHeaders').toLowerCase().split(';')
  return { accessKeyId, date, region, service, signedHeaders, signature }
}

function required (parameters: ReadonlyMap<string, string>, name: string): string {
  const value = parameters.get(name)
  if (!value) throw signatureErrors.incomplete(`Authorization header requires '${name}' parameter.`)
  return value
}
