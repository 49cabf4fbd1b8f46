import type { X509Certificate } from 'node:crypto'
import t from 'tap'
import { bearerToken } from '#src/authentication/bearer'
import { readSignedRequest } from '#src/authentication/caller-identity-request'
import { certificateCaller } from '#src/authentication/client-certificate'
import { claimedIssuer } from '#src/authentication/jwt'
import type { Problem } from '#src/problems/problem'

/** Characters that make a valid value invalid if they precede or follow it. */
const additions = ['\n', '\r', ' ', '\t', '\0', '\u00a0', ',', ';', '/', '%', 'é']

/** Returns variants of the value, each with one addition before or after it. Leaves out the additions in `except`. */
const nearMisses = (value: string, except: readonly string[] = []): string[] =>
  additions.filter((addition) => !except.includes(addition)).flatMap((addition) => [addition + value, value + addition])

const hash = 'ab821ae955788b0e33ebd34c208442ccfc2d406e2edc5e7a39bd6458fbb4f843'
const signedHeaders = [
  'content-length', 'content-type', 'host', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token', 'x-secrets-gateway-nonce', 'x-secrets-gateway-server-id'
].join(';')
const authorization = `AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261121/eu-west-1/sts/aws4_request, SignedHeaders=${signedHeaders}, Signature=${'0'.repeat(64)}`
const signed: Readonly<Record<string, string>> = {
  authorization,
  'content-length': '43',
  'content-type': 'application/x-www-form-urlencoded',
  host: 'sts.eu-west-1.amazonaws.com',
  'x-amz-content-sha256': hash,
  'x-amz-date': '20261121T101500Z',
  'x-amz-security-token': 'session/token+of=',
  'x-secrets-gateway-nonce': 'nonce_1-2',
  'x-secrets-gateway-server-id': 'gateway.test'
}

/** Additions that leave a header's value valid. */
const harmless: Readonly<Record<string, readonly string[]>> = {
  'x-amz-security-token': ['/'],
  'x-secrets-gateway-server-id': [',', ';', '/', '%']
}

t.test('each header of a signed request must match as a whole', async (t) => {
  t.match(readSignedRequest(signed), { region: 'eu-west-1', serverId: 'gateway.test', signature: '0'.repeat(64) })
  for (const [name, value] of Object.entries(signed)) {
    for (const wrong of ['', ...nearMisses(value, harmless[name])]) {
      t.throws(() => readSignedRequest({ ...signed, [name]: wrong }), { code: 'invalid-request', options: { errors: [{ pointer: `/headers/${name}` }] } }, `${name}: ${JSON.stringify(wrong)}`)
    }
  }
})

t.test('each header of a signed request has a maximum length', async (t) => {
  for (const [name, character, length] of [
    ['x-amz-security-token', 'a', 8_192], ['x-secrets-gateway-nonce', 'a', 64], ['x-secrets-gateway-server-id', 'a', 255], ['host', 'a', 255]
  ] as const) {
    t.match(readSignedRequest({ ...signed, [name]: character.repeat(length) }), { region: 'eu-west-1' }, `${length} characters of ${name}`)
    t.throws(() => readSignedRequest({ ...signed, [name]: character.repeat(length + 1) }), { code: 'invalid-request' }, `${length + 1} characters of ${name}`)
  }
  const long = (length: number): string => authorization.replace('Signature=', `${' '.repeat(length - authorization.length)}Signature=`)
  const messageOf = (length: number): string | undefined => {
    try {
      readSignedRequest({ ...signed, authorization: long(length) })
      return undefined
    } catch (error) {
      return (error as Problem).options.errors?.[0]?.message
    }
  }
  t.equal(messageOf(2_049), 'must be as in a request for GetCallerIdentity')
  t.equal(messageOf(2_048), 'must be a Signature Version 4 for the service sts', 'its length is accepted, and its form is not')
})

t.test('a bearer token must be the whole header', async (t) => {
  t.equal(bearerToken('Bearer abc.def'), 'abc.def')
  t.equal(bearerToken('bearer   abc=='), 'abc==')
  for (const wrong of nearMisses('Bearer abc', ['/'])) t.equal(bearerToken(wrong), undefined, JSON.stringify(wrong))
  t.equal(bearerToken('/Bearer abc'), undefined)
  for (const wrong of [undefined, '', 'Bearer', 'Bearer ', 'Bearer =', 'Bearer a b', 'Bearer a=b', 'Bearerabc', 'xBearer abc']) t.equal(bearerToken(wrong), undefined)
  t.equal(bearerToken(`Bearer ${'x'.repeat(8_192)}`)?.length, 8_192)
  t.equal(bearerToken(`Bearer ${'x'.repeat(8_193)}`), undefined)
})

t.test('a JSON Web Token has three parts and nothing else', async (t) => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const token = `${part({ alg: 'ES256' })}.${part({ iss: 'https://issuer.example' })}.c2ln`
  t.equal(await claimedIssuer(token), 'https://issuer.example')
  for (const wrong of [...nearMisses(token), `${token}.`, `.${token}`, `${token}.${token}`, token.slice(0, token.indexOf('.'))]) {
    t.equal(await claimedIssuer(wrong), undefined, JSON.stringify(wrong))
  }
})

t.test('the name in a client certificate must match as a whole', async (t) => {
  const callerOf = (subjectAltName: string): string => certificateCaller({
    subjectAltName, ca: false, validFromDate: new Date(0), validToDate: new Date(2_000)
  } as unknown as X509Certificate, 1_000).id
  const spiffe = 'spiffe://example.org/payments'
  t.equal(callerOf(`URI:${spiffe}`), spiffe)
  t.equal(callerOf('DNS:payments.example.org'), 'dns:payments.example.org')
  for (const wrong of nearMisses(spiffe)) t.throws(() => callerOf(`URI:${wrong}`), { code: 'unauthenticated' }, JSON.stringify(wrong))
  for (const wrong of nearMisses('payments.example.org')) t.throws(() => callerOf(`DNS:${wrong}`), { code: 'unauthenticated' }, JSON.stringify(wrong))
  const longest = (length: number): string => `${spiffe}/`.padEnd(length, 'a')
  t.equal(callerOf(`URI:${longest(2_048)}`).length, 2_048)
  t.throws(() => callerOf(`URI:${longest(2_049)}`), { code: 'unauthenticated' })
})

t.test('a client certificate is accepted from the beginning to the end of its validity', async (t) => {
  const at = (now: number): string => certificateCaller({
    subjectAltName: 'DNS:payments.example.org', ca: false, validFromDate: new Date(1_000), validToDate: new Date(2_000)
  } as unknown as X509Certificate, now).id
  t.throws(() => at(999), { code: 'unauthenticated', options: { reason: 'certificate-expired' } })
  t.equal(at(1_000), 'dns:payments.example.org')
  t.equal(at(1_999), 'dns:payments.example.org')
  t.throws(() => at(2_000), { code: 'unauthenticated', options: { reason: 'certificate-expired' } })
})
