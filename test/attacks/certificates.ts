import type { JsonGeneralName } from '@peculiar/x509'
import { authority, type CertificateOptions } from '#test/certificates'
import type { Attack, World } from './attack.ts'

const unauthenticated = { status: 401, code: 'unauthenticated' }
const noReply = { status: 0 }
const hour = 60 * 60 * 1000

const uri = (value: string): JsonGeneralName => ({ type: 'url', value })
const dns = (value: string): JsonGeneralName => ({ type: 'dns', value })
const spiffe = uri('spiffe://example.org/payments')

/**
 * Attacks on the authentication by client certificate. The client has one of these:
 * - no certificate
 * - an invalid certificate
 * - a certificate that identifies no known caller
 * - a valid certificate, but also an invalid `Authorization` header
 */
export async function certificateAttacks ({ clients }: World): Promise<Record<string, Attack>> {
  const strangers = await authority()
  const past = { notBefore: new Date(Date.now() - 2 * hour), notAfter: new Date(Date.now() - hour) }
  const future = { notBefore: new Date(Date.now() + hour), notAfter: new Date(Date.now() + 2 * hour) }
  const shown = async (names: JsonGeneralName[], options: CertificateOptions = {}): Promise<Attack> =>
    ({ request: {}, client: await clients.issue(names, options), at: 'required', expected: unauthenticated })
  const bad = {
    'of another authority': await strangers.issue([spiffe]),
    'that has expired': await clients.issue([spiffe], past),
    'that is not valid yet': await clients.issue([spiffe], future),
    'for servers only': await clients.issue([spiffe], { usage: '1.3.6.1.5.5.7.3.1' })
  }
  const attacks = Object.entries(bad).flatMap(([title, client]): [string, Attack][] => [
    [`${title}, where one is required`, { request: {}, client, at: 'required', expected: noReply }],
    [`${title}, where one is optional`, { request: {}, client, at: 'optional', expected: unauthenticated }]
  ])
  const valid = await clients.issue([spiffe])

  const all: Record<string, Attack> = {
    ...Object.fromEntries(attacks),
    'none, where one is required': { request: {}, at: 'required', expected: noReply },
    'none, where one is optional': { request: {}, at: 'optional', expected: unauthenticated },
    'none, over plain HTTP to a TLS port': { request: { headers: [['X-Forwarded-Proto', 'https']] }, at: 'plain', expected: { status: 400 } },
    'of the authority itself': { request: {}, client: { cert: clients.cert, key: clients.key }, at: 'optional', expected: unauthenticated },
    'of an intermediate authority': await shown([spiffe], { ca: true }),
    'with two SPIFFE IDs': await shown([uri('spiffe://example.org/other'), spiffe]),
    'with a SPIFFE ID and another URI': await shown([spiffe, uri('https://example.org/')]),
    'with a URI that is not a SPIFFE ID': await shown([uri('https://example.org/payments'), dns('payments.example.org')]),
    'with a SPIFFE ID without a path': await shown([uri('spiffe://example.org')]),
    'with a SPIFFE ID with dot segments': await shown([uri('spiffe://example.org/other/../payments')]),
    'with a SPIFFE ID with a query': await shown([uri('spiffe://example.org/payments?x')]),
    'with a SPIFFE ID of another trust domain': { ...await shown([uri('spiffe://example.com/payments')]), expected: { status: 404, code: 'not-found' } },
    'with a SPIFFE ID in another case': { ...await shown([uri('spiffe://example.org/Payments')]), expected: { status: 404, code: 'not-found' } },
    'with two DNS names': await shown([dns('other.example.org'), dns('payments.example.org')]),
    'with a wildcard DNS name': await shown([dns('*.example.org')]),
    'with a DNS name that contains a SPIFFE ID at its end': await shown([dns('payments.example.org, URI:spiffe://example.org/payments')]),
    'with a DNS name that contains a SPIFFE ID in its middle': await shown([dns('x, URI:spiffe://example.org/payments, y')]),
    'with a DNS name with a NUL': await shown([dns('payments.example.org\0.evil.example')]),
    'with an e-mail address': await shown([{ type: 'email', value: 'payments@example.org' }]),
    'with an IP address': await shown([{ type: 'ip', value: '127.0.0.1' }]),
    'with only a common name': await shown([]),
    'that is valid, with an invalid token': {
      request: { headers: [['Authorization', 'Bearer unknown-token-for-tests']] }, client: valid, at: 'required', expected: unauthenticated
    },
    'that is valid, with another authentication scheme': {
      request: { headers: [['Authorization', 'Basic dXNlcjpwYXNzd29yZA==']] }, client: valid, at: 'required', expected: unauthenticated
    },
    'that is valid, with an empty Authorization header': { request: { headers: [['Authorization', '']] }, client: valid, at: 'required', expected: unauthenticated }
  }
  return Object.fromEntries(Object.entries(all).map(([title, attack]) => [`a client certificate ${title}`, attack]))
}
