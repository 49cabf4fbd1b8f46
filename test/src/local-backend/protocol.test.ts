import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { CreateSecretCommand, GetSecretValueCommand, ListSecretsCommand } from '@aws-sdk/client-secrets-manager'
import t from 'tap'
import { shapes } from '#src/aws-model/shapes'
import { parseAuthorization } from '#src/aws-protocol/authorization-header'
import { brokenConstraints } from '#src/aws-protocol/constraints'
import { signatureOf, signingKeyOf } from '#src/aws-protocol/signature-v4'
import { rootArn } from '#src/local-backend/principal'
import { startLocalBackend, type OperationEvent } from '#src/local-backend/server'
import {
  account, clientOf, day, errorIn, nextRequest, otherAccount, rawRequest, region, start, type RawRequest, type SentRequest
} from './backend.ts'

const calls: OperationEvent[] = []
let onOperation = (event: OperationEvent) => void calls.push(event)
const backend = await start(t, {
  onOperation: (event) => {
    onOperation(event)
  }
})
const client = clientOf(t, backend)

const token = '0123456789abcdef0123456789abcdef'

interface Refusal {
  operation: string
  body: object | string | Uint8Array
  message: string
  type?: string
}

const nameRule = 'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!'

function failed (path: string, constraint: string, value?: string): string {
  return `Value${value === undefined ? '' : ` ${value}`} at '${path}' failed to satisfy constraint: Member must ${constraint}`
}

const one = '1 validation error detected: '
const tooLong = (max: number) => `have length less than or equal to ${max}`
const tooShort = (min: number) => `have length greater than or equal to ${min}`

const refusals: Record<string, Refusal> = {
  'a required member': { operation: 'GetSecretValue', body: {}, message: one + failed('secretId', 'not be null', 'null') },
  'a required member that is null': { operation: 'DescribeSecret', body: { SecretId: null }, message: one + failed('secretId', 'not be null', 'null') },
  'a string that is too short': { operation: 'DescribeSecret', body: { SecretId: '' }, message: one + failed('secretId', tooShort(1), '\'\'') },
  'a string that is too long': {
    operation: 'CreateSecret', body: { Name: 'n'.repeat(513) }, message: one + failed('name', tooLong(512), `'${'n'.repeat(513)}'`)
  },
  'two violations': {
    operation: 'GetSecretValue', body: { VersionId: 'short' },
    message: `2 validation errors detected: ${failed('secretId', 'not be null', 'null')}; ${failed('versionId', tooShort(32), '\'short\'')}`
  },
  'a secret string with too many bytes, which is not quoted': {
    operation: 'CreateSecret', body: { Name: 'n', ClientRequestToken: token, SecretString: 'ü'.repeat(32_769) },
    message: one + failed('secretString', tooLong(65_536))
  },
  'an empty secret string': {
    operation: 'PutSecretValue', body: { SecretId: 'n', ClientRequestToken: token, SecretString: '' },
    message: one + failed('secretString', tooShort(1))
  },
  'a binary value that is too long, which is not quoted': {
    operation: 'CreateSecret', body: { Name: 'n', ClientRequestToken: token, SecretBinary: Buffer.alloc(65_537).toString('base64') },
    message: one + failed('secretBinary', tooLong(65_536))
  },
  'a number that is too large': {
    operation: 'GetRandomPassword', body: { PasswordLength: 4097 },
    message: one + failed('passwordLength', 'have value less than or equal to 4096', '\'4097\'')
  },
  'a number that is too small': {
    operation: 'ListSecrets', body: { MaxResults: 0 }, message: one + failed('maxResults', 'have value greater than or equal to 1', '\'0\'')
  },
  'a value outside of the enumeration': {
    operation: 'ListSecrets', body: { SortOrder: 'up' }, message: one + failed('sortOrder', 'satisfy enum value set: [asc, desc]', '\'up\'')
  },
  'a member of a structure in a list': {
    operation: 'TagResource', body: { SecretId: 'n', Tags: [{ Key: 'a' }, { Key: '' }] },
    message: one + failed('tags.2.member.key', tooShort(1), '\'\'')
  },
  'a list that is too long': {
    operation: 'ListSecrets', body: { Filters: Array.from({ length: 11 }, () => ({ Key: 'name', Values: ['a'] })) },
    message: one + failed('filters', tooLong(10), `'[${Array.from({ length: 11 }, () => 'Filter(key=name, values=[a])').join(', ')}]'`)
  },
  'a list of structures without some of their members': {
    operation: 'ListSecrets', body: { Filters: [{ Key: 'all' }, ...Array.from({ length: 10 }, () => ({}))] },
    message: one + failed(
      'filters', tooLong(10), `'[Filter(key=all, values=null), ${Array.from({ length: 10 }, () => 'Filter(key=null, values=null)').join(', ')}]'`
    )
  },
  'a list of strings that is too long': {
    operation: 'ListSecrets', body: { Filters: [{ Key: 'name', Values: [...'abcdefghijk'] }] },
    message: one + failed('filters.1.member.values', tooLong(10), '\'[a, b, c, d, e, f, g, h, i, j, k]\'')
  },
  'an empty list': {
    operation: 'BatchGetSecretValue', body: { SecretIdList: [] }, message: one + failed('secretIdList', tooShort(1), '\'[]\'')
  },
  'a list of strings': {
    operation: 'BatchGetSecretValue', body: { SecretIdList: ['fine', ''] },
    message: one + failed('secretIdList', `satisfy constraint: [Member must ${tooLong(2048)}, Member must ${tooShort(1)}]`, '\'[fine, ]\'')
  },
  'a pattern': {
    operation: 'ListSecrets', body: { Filters: [{ Key: 'name', Values: ['a?b'] }] },
    message: one + failed(
      'filters.1.member.values',
      'satisfy constraint: [Member must have length less than or equal to 512, Member must satisfy regular expression pattern: ^\\!?[a-zA-Z0-9 :_@\\/\\+\\=\\.\\-\\!]*$]',
      '\'[a?b]\''
    )
  },
  'an invalid name': { operation: 'CreateSecret', body: { Name: 'in valid', ClientRequestToken: token }, message: nameRule },
  ...Object.fromEntries(
    [
      'DeleteSecret', 'DescribeSecret', 'GetSecretValue', 'ListSecretVersionIds', 'PutSecretValue', 'RestoreSecret', 'TagResource', 'UpdateSecret'
    ].map((operation) => [`a bad name in ${operation}`, {
      operation, message: nameRule,
      body: {
        SecretId: 'x*', ClientRequestToken: token, Tags: [],
        ...operation === 'DeleteSecret' && { ForceDeleteWithoutRecovery: true },
        ...operation === 'PutSecretValue' && { SecretString: 'v' }
      }
    }])
  ),
  'a number for a string': {
    operation: 'DescribeSecret', body: { SecretId: 7 }, type: 'SerializationException', message: 'NUMBER_VALUE can not be converted to a String'
  },
  'a boolean for a string': {
    operation: 'DescribeSecret', body: { SecretId: true }, type: 'SerializationException', message: 'TRUE_VALUE can not be converted to a String'
  },
  'a string for a number': {
    operation: 'ListSecrets', body: { MaxResults: '7' }, type: 'SerializationException', message: 'STRING_VALUE can not be converted to a Long'
  },
  'a fraction': { operation: 'ListSecrets', body: { MaxResults: 1.5 }, type: 'SerializationException', message: 'A number is not an integer' },
  'a string for a boolean': {
    operation: 'ListSecrets', body: { IncludePlannedDeletion: 'true' }, type: 'SerializationException',
    message: 'STRING_VALUE can not be converted to a Boolean'
  },
  'a structure for a string': {
    operation: 'DescribeSecret', body: { SecretId: {} }, type: 'SerializationException',
    message: 'Start of structure or map found where not expected.'
  },
  'a list for a string': {
    operation: 'DescribeSecret', body: { SecretId: [] }, type: 'SerializationException', message: 'Start of list found where not expected'
  },
  'a string for a list': { operation: 'ListSecrets', body: { Filters: 'all' }, type: 'SerializationException', message: 'Expected a list' },
  'a blob that is not base64': {
    operation: 'CreateSecret', body: { Name: 'n', SecretBinary: 'not base64!' }, type: 'SerializationException',
    message: 'A blob is not valid base64'
  },
  'half of a surrogate pair': {
    operation: 'CreateSecret', body: '{"Name":"n","SecretString":"\\ud800"}', type: 'SerializationException',
    message: 'A string is not valid Unicode text'
  },
  'a body that is a list': {
    operation: 'ListSecrets', body: [], type: 'SerializationException', message: 'Start of list found where not expected'
  },
  'a body that is not JSON': {
    operation: 'ListSecrets', body: '{"SecretString":"hidden', type: 'SerializationException', message: 'The body is not valid JSON'
  },
  'no body': { operation: 'ListSecrets', body: '', type: 'SerializationException', message: 'The body is not valid JSON' },
  'a body that is not UTF-8': {
    operation: 'ListSecrets', body: Buffer.from([0x7b, 0xff, 0x7d]), type: 'SerializationException', message: 'The body is not valid JSON'
  }
}

await t.test('requests that AWS rejects', async (t) => {
  for (const [title, { operation, body, type = 'ValidationException', message }] of Object.entries(refusals)) {
    const text = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
    t.strictSame(errorIn(t, await rawRequest(backend, { operation, body: text })), { type, message, status: 400 }, title)
  }
})

await t.test('thousands of violations are counted instead of listed', async (t) => {
  const Tags = Array.from({ length: 80_000 }, () => ({ Key: '' }))
  const { message } = errorIn(t, await rawRequest(backend, { operation: 'TagResource', body: JSON.stringify({ SecretId: 'n', Tags }) }))
  t.equal(message, `80000 validation errors detected: ${[
    ...Array.from({ length: 10 }, (_, index) => failed(`tags.${index + 1}.member.key`, tooShort(1), '\'\'')), 'and 79990 more'
  ].join('; ')}`)
  const SecretId = 'n'.repeat(500_000)
  const quoted = errorIn(t, await rawRequest(backend, { operation: 'DescribeSecret', body: JSON.stringify({ SecretId }) }))
  t.equal(quoted.message, one + failed('secretId', tooLong(2048), `'${'n'.repeat(1000)}…'`))
})

await t.test('a pattern must match the whole text', async (t) => {
  t.strictSame(brokenConstraints(shapes.DurationType, '12h'), [])
  for (const text of ['1hx', 'x1h']) {
    t.strictSame(brokenConstraints(shapes.DurationType, text), ['Member must satisfy regular expression pattern: [0-9]+h'])
  }
})

await t.test('requests that AWS accepts', async (t) => {
  for (const [operation, body] of [
    ['ListSecrets', { Unknown: 'member', MaxResults: null, ['__proto__']: { polluted: true } }],
    ['CreateSecret', { Name: 'n'.repeat(512), ClientRequestToken: token, SecretString: 'ü'.repeat(32_768) }],
    ['GetRandomPassword', { ExcludeCharacters: '' }]
  ] as const) {
    t.match(await rawRequest(backend, { operation, body: JSON.stringify(body) }), { status: 200 })
  }
})

await t.test('the wire format: numbers for dates, base64 for bytes, and no empty fields', async (t) => {
  await client.send(new CreateSecretCommand({ Name: 'wire', SecretBinary: Buffer.from([0, 255]) }))
  const { body, status, headers } = await rawRequest(backend, { operation: 'GetSecretValue', body: '{"SecretId":"wire"}' })
  const answer = JSON.parse(body) as Record<string, unknown>
  t.strictSame(Object.keys(answer).sort(), ['ARN', 'CreatedDate', 'Name', 'SecretBinary', 'VersionId', 'VersionStages'])
  t.equal(answer.SecretBinary, 'AP8=')
  t.ok(Math.abs(Number(answer.CreatedDate) * 1000 - Date.now()) < 60_000)
  t.equal(status, 200)
  t.match(headers, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': /^[0-9a-f-]{36}$/ })
})

await t.test('requests that name no operation', async (t) => {
  const unknown: Record<string, RawRequest> = {
    'another name': { operation: 'RotateEverything' },
    'a name that every JavaScript object inherits': { operation: 'toString' },
    'no name': { operation: '' },
    'another service': { headers: { 'x-amz-target': 'dynamodb.ListSecrets' } },
    'another content type': { headers: { 'content-type': 'application/json' } },
    'another path': { tamper: (request) => void (request.path = '/health') },
    'a query': { tamper: (request) => void (request.path = '/?x=1') },
    'another method': { tamper: (request) => void (request.method = 'PUT') }
  }
  for (const [title, raw] of Object.entries(unknown)) {
    t.match(errorIn(t, await rawRequest(backend, raw)), { type: 'UnknownOperationException', status: 400 }, title)
  }
})

await t.test('each authenticated call is reported with its principal and operation', async (t) => {
  calls.length = 0
  await client.send(new ListSecretsCommand())
  await t.rejects(client.send(new GetSecretValueCommand({ SecretId: 'nowhere' })))
  await clientOf(t, backend, otherAccount, 'us-east-1').send(new ListSecretsCommand())
  await t.rejects(clientOf(t, backend, { ...account, secretAccessKey: 'wrong' }).send(new ListSecretsCommand()))
  const service = 'secretsmanager'
  t.strictSame(calls, [
    { service, operation: 'ListSecrets', accountId: account.accountId, region, principal: rootArn(account.accountId) },
    { service, operation: 'GetSecretValue', accountId: account.accountId, region, principal: rootArn(account.accountId) },
    { service, operation: 'ListSecrets', accountId: otherAccount.accountId, region: 'us-east-1', principal: rootArn(otherAccount.accountId) }
  ])
})

await t.test('an unexpected error is reported without its message', async (t) => {
  onOperation = () => {
    throw new Error('internal detail')
  }
  t.strictSame(errorIn(t, await rawRequest(backend, {})), {
    type: 'InternalServiceError', message: 'An error occurred on the server side.', status: 500
  })
  onOperation = () => undefined
})

const mismatch = 'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'
type Tamper = NonNullable<RawRequest['tamper']>

const minutes = (count: number) => new Date(Date.now() + count * 60_000)

/** Replaces a part of the Authorization header. */
const authorization = (from: RegExp | string, to: string): Tamper => ({ headers }) => {
  headers.authorization = String(headers.authorization).replace(from, to)
}

/** Removes a header from the list of signed headers. */
const without = (name: string): Tamper => ({ headers }) => {
  const list = /SignedHeaders=([^,]+)/.exec(String(headers.authorization))?.[1] ?? ''
  const shorter = list.split(';').filter((one) => one !== name).join(';')
  headers.authorization = String(headers.authorization).replace(list, shorter)
}

interface Attack {
  raw: RawRequest
  type: string
  message: string | RegExp
}

const otherBody = '{"MaxResults":1}'

const attacks: Record<string, Attack> = {
  'a wrong secret access key': { raw: { credentials: { ...account, secretAccessKey: 'guess' } }, type: 'InvalidSignatureException', message: mismatch },
  'another account\'s key': {
    raw: { credentials: { ...account, secretAccessKey: otherAccount.secretAccessKey } }, type: 'InvalidSignatureException', message: mismatch
  },
  'a changed body': {
    raw: { tamper: (request) => void (request.body = otherBody) }, type: 'InvalidSignatureException', message: mismatch
  },
  'a changed body with the signed hash of the original': {
    raw: {
      headers: { 'x-amz-content-sha256': createHash('sha256').update('{}').digest('hex') },
      tamper: (request) => void (request.body = otherBody)
    },
    type: 'InvalidSignatureException', message: mismatch
  },
  'an unsigned body': {
    raw: { headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }, tamper: (request) => void (request.body = otherBody) },
    type: 'InvalidSignatureException', message: mismatch
  },
  'a changed operation': {
    raw: { tamper: ({ headers }) => void (headers['x-amz-target'] = 'secretsmanager.GetSecretValue') },
    type: 'InvalidSignatureException', message: mismatch
  },
  'two operation headers': {
    raw: { tamper: ({ headers }) => void (headers['x-amz-target'] = ['secretsmanager.ListSecrets', 'secretsmanager.ListSecrets']) },
    type: 'InvalidSignatureException', message: mismatch
  },
  'another host': {
    raw: { tamper: ({ headers }) => void (headers.host = 'secretsmanager.eu-west-1.amazonaws.com') },
    type: 'InvalidSignatureException', message: mismatch
  },
  'a region that differs from the signed one': {
    raw: { tamper: authorization(region, 'us-east-1') }, type: 'InvalidSignatureException', message: mismatch
  },
  'an account that differs from the signed one': {
    raw: { tamper: authorization(account.accessKeyId, otherAccount.accessKeyId) }, type: 'InvalidSignatureException', message: mismatch
  },
  'a signed header that is missing': {
    raw: { headers: { 'x-extra': '1' }, tamper: ({ headers }) => delete headers['x-extra'] },
    type: 'InvalidSignatureException', message: mismatch
  },
  'an unsigned host': {
    raw: { tamper: without('host') }, type: 'IncompleteSignatureException',
    message: '\'host\' must be a \'SignedHeader\' in the AWS Authorization.'
  },
  'an unsigned date': {
    raw: { tamper: without('x-amz-date') }, type: 'IncompleteSignatureException',
    message: '\'x-amz-date\' must be a \'SignedHeader\' in the AWS Authorization.'
  },
  'an unsigned operation': {
    raw: { tamper: without('x-amz-target') }, type: 'IncompleteSignatureException',
    message: '\'x-amz-target\' must be a \'SignedHeader\' in the AWS Authorization.'
  },
  'another service': {
    raw: { service: 'kms' }, type: 'InvalidSignatureException', message: 'Credential should be scoped to correct service: \'secretsmanager\'.'
  },
  'an invalid region': {
    raw: { inRegion: 'Nowhere' }, type: 'InvalidSignatureException', message: 'Credential should be scoped to a valid region.'
  },
  'a region that is longer than any region may be': {
    raw: { inRegion: `${'a'.repeat(126)}-10` }, type: 'InvalidSignatureException', message: 'Credential should be scoped to a valid region.'
  },
  'an expired date': { raw: { signingDate: minutes(-6) }, type: 'InvalidSignatureException', message: /^Signature expired: \d{8}T\d{6}Z is now earlier/ },
  'a future date': { raw: { signingDate: minutes(6) }, type: 'InvalidSignatureException', message: /^Signature not yet current: \d{8}T\d{6}Z/ },
  'another date in the scope': {
    raw: { tamper: authorization(/\/\d{8}\//, '/20200101/') }, type: 'InvalidSignatureException',
    message: 'Credential should be scoped to the date of X-Amz-Date.'
  },
  'an incomplete date in the scope': {
    raw: { tamper: authorization(/\/(\d{4})\d{4}\//, '/$1/') }, type: 'InvalidSignatureException',
    message: 'Credential should be scoped to the date of X-Amz-Date.'
  },
  'an invalid date': {
    raw: { tamper: ({ headers }) => void (headers['x-amz-date'] = 'today') }, type: 'IncompleteSignatureException',
    message: 'Date must be in ISO-8601 \'basic format\'.'
  },
  'an unknown key': {
    raw: { credentials: { ...account, accessKeyId: 'AKIAUNKNOWN' } }, type: 'UnrecognizedClientException',
    message: 'The security token included in the request is invalid.'
  },
  'a session token': {
    raw: { headers: { 'x-amz-security-token': 'x' } }, type: 'UnrecognizedClientException',
    message: 'The security token included in the request is invalid.'
  },
  'no Authorization': {
    raw: { tamper: ({ headers }) => delete headers.authorization }, type: 'MissingAuthenticationTokenException',
    message: 'Missing Authentication Token'
  },
  'a bearer token': {
    raw: { tamper: ({ headers }) => void (headers.authorization = 'Bearer x') }, type: 'IncompleteSignatureException',
    message: 'Authorization header requires algorithm \'AWS4-HMAC-SHA256\'.'
  },
  'no credential': {
    raw: { tamper: authorization('Credential=', 'Key=') }, type: 'IncompleteSignatureException',
    message: 'Authorization header requires \'Credential\' parameter.'
  },
  'an incomplete credential': {
    raw: { tamper: authorization('/aws4_request', '') }, type: 'IncompleteSignatureException',
    message: 'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.'
  },
  'an empty signature': {
    raw: { tamper: authorization(/Signature=.*/, 'Signature=') }, type: 'IncompleteSignatureException',
    message: 'Authorization header requires \'Signature\' parameter.'
  },
  'an incomplete signature': {
    raw: { tamper: authorization(/.$/, '') }, type: 'IncompleteSignatureException', message: 'Signature must be 64 hexadecimal digits.'
  }
}

await t.test('invalid signatures', async (t) => {
  for (const [title, { raw, type, message }] of Object.entries(attacks)) {
    const error = errorIn(t, await rawRequest(backend, raw))
    t.match(error, { type, message, status: 400 }, title)
    if (typeof message === 'string') t.equal(error.message, message, title)
  }
})

/** Signs the request again, including a header that the library never signs. */
const signedWith = (name: string, value: string): Tamper => ({ headers, body }) => {
  const names = [...parseAuthorization(String(headers.authorization)).signedHeaders, name].sort()
  headers[name] = value
  headers.authorization = String(headers.authorization).replace(/SignedHeaders=[^,]+/, `SignedHeaders=${names.join(';')}`)
  const authorization = parseAuthorization(headers.authorization)
  const signed = { authorization, path: '/', headers: new Map(names.map((one) => [one, String(headers[one])])) }
  const signature = signatureOf(signingKeyOf(account.secretAccessKey, authorization), signed, Buffer.from(body))
  headers.authorization = headers.authorization.replace(/Signature=.*/, `Signature=${signature}`)
}

await t.test('a signature from AWS\'s own test suite', async (t) => {
  const header = 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'
  const headers = new Map([['x-amz-date', '20150830T123600Z'], ['host', 'example.amazonaws.com']])
  const authorization = parseAuthorization(header)
  const key = signingKeyOf('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', authorization)
  t.equal(signatureOf(key, { authorization, path: '/', headers }, Buffer.from('')), authorization.signature)
})

await t.test('valid signatures', async (t) => {
  const accepted: Record<string, RawRequest> = {
    'an ordinary signature': {},
    'four minutes old': { signingDate: minutes(-4) },
    'four minutes early': { signingDate: minutes(4) },
    'with the body\'s hash': { headers: { 'x-amz-content-sha256': createHash('sha256').update('{}').digest('hex') } },
    'with more headers': { headers: { 'x-extra': '  two   spaces ' } },
    'with a header that is not ASCII': {
      // The body is a Buffer, because Node encodes headers in Latin-1 only if the body isn't a string.
      body: Buffer.from('{}'), headers: { 'x-extra': 'à' }, tamper: ({ headers }) => void (headers['x-extra'] = Buffer.from('à').toString('latin1'))
    },
    'with a signed Date': { tamper: signedWith('date', new Date().toUTCString()) },
    'with tabs': { tamper: authorization(/ /g, '\t') },
    'with an unsigned header that was added later': { tamper: ({ headers }) => void (headers['x-forwarded-for'] = '127.0.0.1') }
  }
  for (const [title, raw] of Object.entries(accepted)) t.match(await rawRequest(backend, raw), { status: 200 }, title)
})

await t.test('the adjustable clock does not affect signatures', async (t) => {
  const later = await start(t, { now: () => Date.now() + day * 365 })
  t.match(await rawRequest(later, {}), { status: 200 })
})

/** Returns the head of a request with a valid signature, and its body separately. */
async function signedRequest (): Promise<{ head: string, body: string }> {
  const sent = await new Promise<SentRequest>((resolve) => {
    void rawRequest(backend, { tamper: resolve })
  })
  const headers = Object.entries(sent.headers).map(([name, value]) => `${name}: ${String(value)}\r\n`)
  return { head: `POST / HTTP/1.1\r\n${headers.join('')}content-length: ${sent.body.length}\r\n\r\n`, body: String(sent.body) }
}

function dial ({ url }: { url: string }): Socket {
  return connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8')
}

async function nextChunk (socket: Socket): Promise<string> {
  const [chunk] = await once(socket, 'data') as [string]
  return chunk
}

await t.test('a request with invalid headers is rejected before its body arrives, and the connection stays open', async (t) => {
  const { head, body } = await signedRequest()
  const unsigned = head.replace(/authorization: .*\r\n/, '')
  const socket = dial(backend)
  socket.write(unsigned)
  t.match(await nextChunk(socket), /^HTTP\/1\.1 400 .*MissingAuthenticationTokenException/s)
  socket.write(body)
  socket.write(head + body)
  t.match(await nextChunk(socket), /^HTTP\/1\.1 200 /)
  socket.destroy()
})

await t.test('connections are limited in time and number', async (t) => {
  const [server] = await Promise.all([nextRequest(), client.send(new ListSecretsCommand())])
  t.match(server, { requestTimeout: 30_000, headersTimeout: 10_000, maxConnections: 512 })
})

await t.test('a body of more than 1 MiB', async (t) => {
  const tooLarge = { type: 'RequestEntityTooLarge', message: 'The request is too large.', status: 413 }
  const body = Buffer.alloc(1_048_577, ' ')
  const announced = await rawRequest(backend, {
    tamper: ({ headers }) => { Object.assign(headers, { 'content-length': String(body.length), connection: 'keep-alive' }) }
  })
  t.strictSame(errorIn(t, announced), tooLarge, 'is rejected before it is sent')
  t.equal(announced.headers.connection, 'close')
  const chunked = await rawRequest(backend, { body, tamper: ({ headers }) => void (headers['transfer-encoding'] = 'chunked') })
  t.strictSame(errorIn(t, chunked), tooLarge)
  t.match(errorIn(t, await rawRequest(backend, { body: body.subarray(1) })), { type: 'SerializationException' }, 'a body that is one byte shorter is read')
})

await t.test('closing waits for calls in progress', async (t) => {
  const closing = await startLocalBackend({ accounts: [account] })
  const { head, body } = await signedRequest()
  const begun = nextRequest()
  const socket = dial(closing)
  socket.write(head)
  await begun
  const closed = closing.close()
  socket.write(body)
  t.match(await nextChunk(socket), /^HTTP\/1\.1 200 /)
  await closed
})

await t.test('closing aborts calls that do not end in time, and can be repeated', async (t) => {
  const closing = await startLocalBackend({ accounts: [account] })
  const { head } = await signedRequest()
  const begun = nextRequest()
  const socket = dial(closing)
  const ended = once(socket.resume(), 'close')
  socket.write(head)
  await begun
  await Promise.all([closing.close(), closing.close()])
  t.ok(await ended)
})

await t.test('closing does not wait for idle connections', async (t) => {
  const closing = await startLocalBackend({ accounts: [account] })
  await clientOf(t, closing).send(new ListSecretsCommand())
  // Disables the timer that closes the remaining connections: if `close` needed it, the test would never end.
  t.intercept(globalThis, 'setTimeout', { value: () => undefined })
  await closing.close()
  t.pass()
})

await t.test('invalid options', async (t) => {
  const port = Number(new URL(backend.url).port)
  await t.rejects(startLocalBackend({ accounts: [account], port }), { code: 'EADDRINUSE' })
  await t.rejects(startLocalBackend({ accounts: [account, { ...otherAccount, accessKeyId: account.accessKeyId }] }), {
    message: 'Two accounts have the same access key ID'
  })
})

await t.test('an IPv6 host', async (t) => {
  const six = await start(t, { host: '::1' })
  t.match(six.url, /^http:\/\/\[::1\]:\d+$/)
  t.strictSame((await clientOf(t, six).send(new ListSecretsCommand())).SecretList, [])
})
