import { hash, type X509Certificate } from 'node:crypto'
import { caller, type Caller } from './caller.ts'
import { unauthenticated } from './refusal.ts'

/**
 * Matches the SPIFFE ID of a workload. Unlike the ID of a trust domain, it must have a path. See
 * https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md
 */
const spiffePattern = /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)+$/

const dnsPattern = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * Returns the caller named in the subject alternative name of a verified client certificate. If the certificate has a URI, the
 * caller ID is that URI, which must be a SPIFFE ID. Otherwise the caller ID is `dns:NAME`, where `NAME` is the certificate's DNS
 * name. A certificate with several URIs, or with no URI and several DNS names, is refused as ambiguous.
 *
 * @param now milliseconds since the epoch. The validity is checked again, because a connection may outlive its certificate.
 * @throws Problem `unauthenticated`
 */
export function certificateCaller (certificate: X509Certificate, now: number): Caller {
  const { subjectAltName = '', ca, validFromDate, validToDate } = certificate
  if (now < validFromDate.getTime() || now >= validToDate.getTime()) throw unauthenticated('certificate-expired')
  if (ca) throw unauthenticated('certificate-of-authority')
  // Node.js quotes a name that contains, for example, a comma. Splitting such a name at the comma would produce false names.
  if (subjectAltName.includes('"')) throw unauthenticated('certificate-name')
  return caller('mtls', nameFrom(subjectAltName.split(', ')))
}

function nameFrom (names: readonly string[]): string {
  const [uris, dnsNames] = ['URI:', 'DNS:'].map((kind) => names.filter((name) => name.startsWith(kind)).map((name) => name.slice(kind.length)))
  const [uri, dnsName] = [uris?.[0], dnsNames?.[0]?.toLowerCase()]
  if (uri !== undefined && uris?.length === 1 && uri.length <= 2048 && spiffePattern.test(uri)) return uri
  if (uri === undefined && dnsName !== undefined && dnsNames?.length === 1 && dnsPattern.test(dnsName)) return `dns:${dnsName}`
  throw unauthenticated('certificate-name')
}

/** Returns the hash of the certificate authorities whose client certificates are accepted, or undefined if none are. */
export const authoritiesHash = (ca: string | undefined): string | undefined => ca === undefined ? undefined : hash('sha256', ca)
