import { KeyObject, randomUUID } from 'node:crypto'
import { CompactEncrypt, decodeProtectedHeader, exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWTHeaderParameters } from 'jose'
import { hashToken } from '#src/authentication/api-keys'
import { send } from '#test/helper'
import { signCallerIdentity } from '#test/sts'
import type { Attack, World } from './attack.ts'

const unauthenticated = { status: 401, code: 'unauthenticated' }
const now = Math.floor(Date.now() / 1000)
const year = 366 * 24 * 60 * 60
const at = { typ: 'at+jwt' }

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Logs in as the world's AWS role. Returns the signed headers, which can't be used again, and the token. */
export async function logIn ({ plain, role, sts }: World): Promise<{ headers: Record<string, string>, token: string }> {
  const headers = await signCallerIdentity(role, { host: new URL(sts.url).host, headers: { 'x-secrets-gateway-nonce': randomUUID() } })
  const { json } = await send(plain.url, 'POST', '/auth/aws/login', { token: null, json: { headers } })
  return { headers, token: json.token }
}

/** Attacks with forged, stolen, expired and invalid tokens, both of OIDC issuers and of the gateway itself. */
export async function tokenAttacks (world: World): Promise<Record<string, Attack>> {
  const { corp, partner, stranger, gatewayKey } = world
  const [own, rsa, partnerJwk] = [await generateKeyPair('ES256'), await generateKeyPair('RS256'), await exportJWK(partner.publicKey)]
  const ownJwk = { ...await exportJWK(own.publicKey), alg: 'ES256', kid: 'own' }
  const claims = { iss: corp.url, aud: 'secrets-gateway', sub: 'service', iat: now, exp: now + 600 }
  const signed = async (key: CryptoKey | Uint8Array, header: JWTHeaderParameters, changed: object = {}): Promise<string> =>
    new SignJWT({ ...claims, ...changed }).setProtectedHeader({ ...at, ...header }).sign(key)
  const corps = async (changed: Record<string, unknown>, header: Record<string, unknown> = {}): Promise<string> => corp.token(changed, { ...at, ...header })
  const valid = await corps({})
  const [header = '', payload = '', signature = ''] = valid.split('.')
  const partnerClaims = { ...claims, iss: partner.url }
  const hmac = async (secret: string): Promise<string> => signed(new TextEncoder().encode(secret), { alg: 'HS256', kid: 'first' }, partnerClaims)
  const gatewayToken = (await logIn(world)).token
  const own25519 = await generateKeyPair('EdDSA')
  const gatewayClaims = { iss: 'urn:secrets-gateway', aud: 'gateway.test', sub: 'aws:111122223333:AROAPAYMENTSPAYMENTS', iat: now, exp: now + 600 }
  const gatewayTyp = { typ: 'secrets-gateway+jwt' }
  const { kid } = decodeProtectedHeader(gatewayToken)
  const gateways = async (changed: object, header: object = {}, key: CryptoKey | KeyObject = gatewayKey): Promise<string> =>
    new SignJWT({ ...gatewayClaims, ...changed }).setProtectedHeader({ alg: 'EdDSA', ...gatewayTyp, ...(kid !== undefined && { kid }), ...header }).sign(key)

  const forged: Record<string, string> = {
    'no signature, alg none': new UnsecuredJWT(claims).encode(),
    'no signature, alg None': `${encode({ alg: 'None', typ: 'at+jwt' })}.${payload}.`,
    'alg none with a valid signature': `${encode({ alg: 'none', typ: 'at+jwt', kid: 'first' })}.${payload}.${signature}`,
    'an empty signature': `${header}.${payload}.`,
    'a signature of zeros': `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
    'a signature with changed bits at its end': `${header}.${payload}.${signature.slice(0, -2)}${signature.endsWith('A') ? 'Q' : 'A'}A`,
    'another payload with a valid signature': `${header}.${encode({ ...claims, sub: 'administrator' })}.${signature}`,
    'another header with a valid signature': `${encode({ alg: 'ES256', typ: 'at+jwt', kid: 'first', x: 1 })}.${payload}.${signature}`,
    'two parts': `${header}.${payload}`,
    'four parts': `${valid}.${signature}`,
    'a header that is not JSON': `${Buffer.from('{').toString('base64url')}.${payload}.${signature}`,
    'a payload that is not JSON': `${header}.${Buffer.from('{"iss"').toString('base64url')}.${signature}`,
    'a payload that is a list': `${header}.${encode([claims])}.${signature}`,
    'an encrypted token': await new CompactEncrypt(new TextEncoder().encode(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' }).encrypt((await generateKeyPair('RSA-OAEP-256')).publicKey),

    'an RSA key as an HMAC secret, in PEM': await hmac(await exportSPKI(partner.publicKey)),
    'an RSA key as an HMAC secret, in PEM without the final newline': await hmac((await exportSPKI(partner.publicKey)).trimEnd()),
    'an RSA key as an HMAC secret, its modulus': await hmac(partnerJwk.n ?? ''),
    'an HMAC with an empty secret': `${encode({ alg: 'HS256', kid: '/dev/null' })}.${payload}.${Buffer.alloc(32).toString('base64url')}`,
    'an algorithm of the same key type that is not configured': await new SignJWT(partnerClaims).setProtectedHeader({ alg: 'RS512', kid: 'first' }).sign(KeyObject.from(partner.privateKey)),
    'an algorithm of another key type': await signed(rsa.privateKey, { alg: 'RS256', kid: 'first' }),

    'the attacker\'s own key': await signed(own.privateKey, { alg: 'ES256' }),
    'the attacker\'s own key with the issuer\'s kid': await signed(own.privateKey, { alg: 'ES256', kid: 'first' }),
    jwk: await signed(own.privateKey, { alg: 'ES256', jwk: ownJwk }),
    jku: await signed(own.privateKey, { alg: 'ES256', kid: 'own', jku: `${stranger.url}/jwks` }),
    x5u: await signed(own.privateKey, { alg: 'ES256', kid: 'own', x5u: `${stranger.url}/jwks` }),
    x5c: await signed(own.privateKey, { alg: 'ES256', x5c: ['MIIB'] }),
    'jwk beside a valid signature': await corps({}, { jwk: ownJwk }),
    'jku beside a valid signature': await corps({}, { jku: `${corp.url}/jwks` }),
    'x5u beside a valid signature': await corps({}, { x5u: `${corp.url}/jwks` }),
    'x5c beside a valid signature': await corps({}, { x5c: ['MIIB'] }),
    'crit with an extension that jose supports': await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'first', b64: true, crit: ['b64'], ...at }).sign(corp.privateKey),
    'a kid that is a path': await signed(own.privateKey, { alg: 'ES256', kid: '../../../../dev/null' }),
    'a kid that is a URL': await signed(own.privateKey, { alg: 'ES256', kid: `${stranger.url}/jwks` }),
    'a kid that contains SQL': await signed(own.privateKey, { alg: 'ES256', kid: '\' UNION SELECT \'key\' --' }),
    'a kid that is __proto__': await signed(own.privateKey, { alg: 'ES256', kid: '__proto__' }),
    'a kid that is a number': `${encode({ alg: 'ES256', kid: 1, ...at })}.${payload}.${signature}`,

    'an issuer that is not configured': await stranger.token({}, at),
    'an issuer with a trailing slash': await corps({ iss: `${corp.url}/` }),
    'an issuer in a list': await corps({ iss: [corp.url] }),
    'no issuer': await corps({ iss: undefined }),
    'one issuer\'s key with the name of another': await partner.token({ iss: corp.url }, at),
    'another audience': await corps({ aud: 'another-service' }),
    'other audiences': await corps({ aud: ['another-service', 'secrets-gateway-2'] }),
    'an empty audience': await corps({ aud: '' }),
    'no audience': await corps({ aud: undefined }),
    'an audience in upper case': await corps({ aud: 'SECRETS-GATEWAY' }),

    'an expired token': await corps({ iat: now - 700, exp: now - 100 }),
    'no exp': await corps({ exp: undefined }),
    'an exp in ten years': await corps({ exp: now + 10 * year }),
    'a lifetime of more than a day, near its end': await corps({ iat: now - 2 * 24 * 60 * 60, exp: now + 60 }),
    'an exp in ten years, and no iat': await corps({ iat: undefined, exp: now + 10 * year }),
    'an exp that is a string': await corps({ exp: 'never' }),
    'an exp in milliseconds': await corps({ exp: Date.now() + 600_000 }),
    'an nbf in the future': await corps({ nbf: now + 300 }),
    'an iat in the future': await corps({ iat: now + 300, exp: now + 900 }),

    'no sub': await corps({ sub: undefined }),
    'an empty sub': await corps({ sub: '' }),
    'a sub with a line feed': await corps({ sub: 'service\n"caller":"administrator"' }),
    'a sub of 256 characters': await corps({ sub: 's'.repeat(256) }),
    'a sub that is a list': await partner.token({ sub: ['service'] }),
    'groups that are not a list': await corps({ groups: 'administrators' }),
    'groups that are not strings': await corps({ groups: [{ name: 'administrators' }] }),
    '257 groups': await corps({ groups: Array.from({ length: 257 }, (_, index) => `g${index}`) }),
    'a group with a line feed': await corps({ groups: ['a\nadministrators'] }),

    'a typ that is not the issuer\'s': await corp.token({}, { typ: 'JWT' }),
    'no typ although the issuer has one': await corp.token(),
    'the typ of the gateway\'s own tokens': await corp.token({}, { typ: 'secrets-gateway+jwt' }),

    'the gateway\'s issuer, signed by another issuer': await corp.token(gatewayClaims, gatewayTyp),
    'a gateway token with the attacker\'s own key': await gateways({}, {}, own25519.privateKey),
    'a gateway token without a signature': `${gatewayToken.split('.').slice(0, 2).join('.')}.`,
    'a gateway token with another subject': gatewayToken.replace(/\..*\./, `.${encode({ ...gatewayClaims, sub: 'aws:111122223333:AROAOTHEROTHER' })}.`),
    'a gateway token of another gateway with the same key': await gateways({ aud: 'gateway-2.test' }),
    'a gateway token that has expired': await gateways({ iat: now - 1000, exp: now - 100 }),
    'a gateway token without exp': await gateways({ exp: undefined }),
    'a gateway token that is valid for ten years': await gateways({ exp: now + 10 * year }),
    'a gateway token of an identity that may no longer log in': await gateways({ sub: 'aws:111122223333:AROAFORMERFORMER' }),
    'a gateway token of an account that could never log in': await gateways({ sub: 'aws:999999999999:AROAPAYMENTSPAYMENTS' }),
    'a gateway token for an API key\'s caller': await gateways({ sub: 'administrator' }),
    'a gateway token with another typ': await gateways({}, { typ: 'JWT' }),
    'a gateway token with the kid of another key': await gateways({}, { kid: 'first' })
  }

  const tokens = Object.entries(forged).map(([title, token]): [string, Attack] =>
    [`token: ${title}`, { request: { headers: [['Authorization', `Bearer ${token}`]] }, expected: unauthenticated }])

  const bearer = (token: string): Attack['request'] => ({ headers: [['Authorization', `Bearer ${token}`]] })
  const hidden = { status: 404, code: 'not-found' }
  return {
    ...Object.fromEntries(tokens),
    'token: a group of the configuration, claimed by an issuer': {
      request: bearer(await partner.token({ sub: 'nobody', groups: ['administrators'] })), expected: hidden
    },
    'token: a group of another issuer': { request: bearer(await partner.token({ sub: 'nobody', groups: ['corp:administrators'] })), expected: hidden },
    'token: a caller of another issuer': { request: bearer(await partner.token({ sub: 'corp:service' })), expected: hidden },
    'token: an API key\'s ID': { request: bearer(await partner.token({ sub: 'administrator' })), expected: hidden },
    'token: the hash of an API key as the sub': { request: bearer(await partner.token({ sub: hashToken('x') })), expected: hidden }
  }
}
