import { createHash } from 'node:crypto'
import { HttpRequest } from '@smithy/protocol-http'
import { keysFor, signedCall, signerOf, type Keys, type SignedParts } from '#test/aws-endpoint'
import { tokens } from '#test/helper'
import type { RawRequest } from '#test/raw'
import { secretPath, type Attack, type World } from './attack.ts'

const endpoint = '/environments/dev/aws'
const otherBody = '{"SecretId":"dev/other"}'
const minutes = (count: number): Date => new Date(Date.now() + count * 60_000)

const fault = (code: string, status = 400): Attack['expected'] => ({ status, code })
const mismatch = fault('InvalidSignatureException')
const incomplete = fault('IncompleteSignatureException')
const unknown = fault('UnrecognizedClientException')
const noOperation = fault('UnknownOperationException')

type Signed = Awaited<ReturnType<typeof signedCall>>

/** Changes a header of a signed request. */
const withHeader = (name: string, change: (value: string) => string) => ({ headers, ...request }: Signed): RawRequest => ({
  ...request, headers: headers.map(([own, value]) => [own, own === name ? change(value) : value])
})

const inAuthorization = (from: RegExp | string, to: string) => withHeader('authorization', (value) => value.replace(from, to))

/** Removes a header from the list of signed headers. The request still has the header. */
const unsigned = (name: string) => withHeader('authorization', (value) =>
  value.replace(/SignedHeaders=([^,]+)/, (_whole, list: string) => `SignedHeaders=${list.split(';').filter((one) => one !== name).join(';')}`))

/** Adds a header to a signed request. */
const adding = (name: string, value: string) => ({ headers, ...request }: Signed): RawRequest => ({ ...request, headers: [...headers, [name, value]] })

/** The attack, the parts that are signed, the change of the signed request, and the reply. */
type Row = [title: string, parts: SignedParts, change: (request: Signed) => RawRequest, expected: Attack['expected']]

const asSigned = (request: Signed): RawRequest => request

const rows: readonly Row[] = [
  // Changes of the parts that a signature covers.
  ['another body', {}, (request) => ({ ...request, body: otherBody }), mismatch],
  ['no body', {}, (request) => ({ ...request, body: '' }), mismatch],
  ['another body, with the hash of the signed one', { headers: { 'x-amz-content-sha256': createHash('sha256').update('{}').digest('hex') } }, asSigned, mismatch],
  ['a body that is not signed', { headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }, asSigned, mismatch],
  ['a body whose chunks would be signed', { headers: { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' } }, asSigned, mismatch],
  ['a body in chunks of AWS\'s own encoding', { headers: { 'content-encoding': 'aws-chunked' } }, asSigned, noOperation],
  ['another operation', {}, withHeader('x-amz-target', () => 'secretsmanager.DeleteSecret'), mismatch],
  ['a second operation', {}, adding('X-Amz-Target', 'secretsmanager.DeleteSecret'), mismatch],
  ['the path of another environment', { path: '/environments/prod/aws' }, (request) => ({ ...request, path: endpoint }), mismatch],
  ['the path without the environment', { path: '/' }, (request) => ({ ...request, path: endpoint }), mismatch],
  ['the path with a slash at its end', { path: `${endpoint}/` }, (request) => ({ ...request, path: endpoint }), mismatch],
  ['another host', { host: 'secretsmanager.eu-west-1.amazonaws.com' }, asSigned, mismatch],
  ['another method', {}, (request) => ({ ...request, method: 'PUT' }), fault('method-not-allowed', 405)],
  ['another environment', {}, (request) => ({ ...request, path: '/environments/prod/aws' }), mismatch],
  ['a query string', {}, (request) => ({ ...request, path: `${endpoint}?versionStage=AWSPREVIOUS` }), fault('ValidationException')],
  ['a second date', {}, adding('X-Amz-Date', '20260101T000000Z'), mismatch],
  ['another session\'s token beside the signed one', {}, adding('X-Amz-Security-Token', 'x'), unknown],
  ['an Authorization header beside the signed one', {}, adding('Authorization', `Bearer ${tokens.administrator}`), fault('ValidationException')],
  ['another AWS credential', {}, adding('AWS-Credential-Id', 'unknown-to-aws'), incomplete],
  // The parts that must be signed.
  ['a host that is not signed', {}, unsigned('host'), incomplete],
  ['a date that is not signed', {}, unsigned('x-amz-date'), incomplete],
  ['an operation that is not signed', {}, unsigned('x-amz-target'), incomplete],
  ['a session token that is not signed', {}, unsigned('x-amz-security-token'), incomplete],
  ['a signed header that is missing', {}, inAuthorization('SignedHeaders=', 'SignedHeaders=accept;'), mismatch],
  ['signed headers with the names of an object\'s own members', {}, inAuthorization('SignedHeaders=', 'SignedHeaders=__proto__;constructor;'), mismatch],
  // The date, the region and the service of the signature.
  ['six minutes ago', { date: minutes(-6) }, asSigned, mismatch],
  // The attacks are signed some time before they are sent.
  ['in half an hour', { date: minutes(30) }, asSigned, mismatch],
  ['a date that is none', {}, withHeader('x-amz-date', () => '20261399T000000Z'), incomplete],
  ['another day', {}, inAuthorization(/\/\d{8}\//, '/20200101/'), mismatch],
  ['another region than the one that was signed', {}, inAuthorization('/eu-west-1/', '/eu-west-2/'), mismatch],
  ['a region that is none', { region: 'Nowhere' }, asSigned, mismatch],
  ['another service', { service: 'sts' }, asSigned, mismatch],
  // The syntax of the signature.
  ['a signature in upper case', {}, withHeader('authorization', (value) => value.replace(/[0-9a-f]{64}$/, (hex) => hex.toUpperCase())), incomplete],
  ['a signature without its end', {}, inAuthorization(/.$/, ''), incomplete],
  ['an empty signature', {}, inAuthorization(/Signature=.*/, 'Signature='), incomplete],
  ['two signatures', {}, inAuthorization('Signature=', `Signature=${'f'.repeat(64)}, Signature=`), incomplete],
  ['two lists of signed headers', {}, inAuthorization('SignedHeaders=', 'SignedHeaders=host, SignedHeaders='), incomplete],
  ['nothing but the algorithm', {}, inAuthorization(/ .*/, ''), incomplete],
  ['no credential', {}, inAuthorization('Credential=', 'Key='), incomplete],
  ['an incomplete credential', {}, inAuthorization('/aws4_request', ''), incomplete],
  ['an asymmetric signature', {}, inAuthorization('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'), unknown],
  ['a signature of version 2', {}, inAuthorization('AWS4-HMAC-SHA256', 'AWS'), unknown],
  // The keys.
  ['a key of AWS', {}, inAuthorization(/=ASIA\w{16}/, '=AKIAIOSFODNN7EXAMPLE'), unknown],
  ['another access key ID', {}, inAuthorization(/=ASIA\w{16}/, '=ASIAAAAAAAAAAAAAAAAA'), unknown],
  ['no session token', {}, ({ headers, ...request }) => ({ ...request, headers: headers.filter(([name]) => name !== 'x-amz-security-token') }), unknown],
  // The operation.
  ['an operation in lower case', { headers: { 'x-amz-target': 'secretsmanager.getsecretvalue' } }, asSigned, noOperation],
  ['a service in another case', { headers: { 'x-amz-target': 'SecretsManager.GetSecretValue' } }, asSigned, noOperation],
  ['an operation with the name of an object\'s own member', { headers: { 'x-amz-target': 'secretsmanager.constructor' } }, asSigned, noOperation],
  ['another protocol', { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'Action=GetSecretValue&SecretId=dev/canary' }, asSigned, noOperation],
  ['a body of more than 1 MiB', {}, adding('Content-Length', String(1024 * 1024 + 1)), fault('RequestEntityTooLarge', 413)]
]

/** Attacks on the route for AWS's protocol with manipulated signatures, and on the other routes with the keys for it. */
export async function awsSignatureAttacks ({ plain }: World): Promise<Record<string, Attack>> {
  const keys = await keysFor(plain)
  const readers = await keysFor(plain, tokens.reader)
  const changed = await Promise.all(rows.map(async ([title, parts, change, expected]): Promise<[string, Attack]> =>
    [title, { request: change(await signedCall(keys, parts)), expected }]))
  const signed = async (own: Keys, parts: SignedParts, expected: Attack['expected']): Promise<Attack> =>
    ({ request: await signedCall(own, parts), expected })
  const attacks: Record<string, Attack> = {
    ...Object.fromEntries(changed),
    'no signature': { request: { method: 'POST', path: endpoint, headers: [['X-Amz-Target', 'secretsmanager.GetSecretValue']] }, expected: fault('MissingAuthenticationTokenException') },
    'a signature in the query string': { request: await presigned(keys), expected: fault('MissingAuthenticationTokenException') },
    'another session\'s secret key': await signed({ ...keys, SecretAccessKey: readers.SecretAccessKey }, {}, mismatch),
    'another session\'s token': await signed({ ...keys, Token: readers.Token }, {}, unknown),
    'a caller who may not write': await signed(readers, { headers: { 'x-amz-target': 'secretsmanager.DeleteSecret' } }, fault('AccessDeniedException')),
    'a caller who may not see the environment': await signed(readers, { path: '/environments/prod/aws' }, fault('AccessDeniedException')),
    'a session token as a bearer token': {
      request: { method: 'POST', path: endpoint, headers: [['Authorization', `Bearer ${keys.Token}`]] }, expected: unknown
    },
    'the gateway\'s own route': await onOtherRoute(keys, 'GET', secretPath),
    'the keys of another hour': await onOtherRoute(keys, 'GET', '/auth/aws/credentials')
  }
  return Object.fromEntries(Object.entries(attacks).map(([title, attack]) => [`AWS's protocol: ${title}`, attack]))
}

/** Returns a request whose signature is in the query string, as in a URL presigned by AWS's SDKs. */
async function presigned (keys: Keys): Promise<RawRequest> {
  const request = new HttpRequest({ method: 'POST', hostname: 'gateway.test', path: endpoint, headers: { host: 'gateway.test' } })
  const { query = {} } = await signerOf(keys).presign(request)
  return { method: 'POST', path: `${endpoint}?${new URLSearchParams(query as Record<string, string>).toString()}` }
}

/** Returns a signed request to a route that accepts no signatures. */
async function onOtherRoute (keys: Keys, method: string, path: string): Promise<Attack> {
  const { headers } = await signedCall(keys, { path })
  return { request: { method, path, headers: headers.filter(([name]) => name !== 'content-type') }, expected: fault('unauthenticated', 401) }
}
