import t from 'tap'
import { roleArns } from '#test/aws-roles'
import { passTime } from '#test/clock'
import { proxyWithFaults, refusal, type Fault } from '#test/faults'
import { build, declared, type Reply } from '#test/helper'

const path = '/environments/dev/secrets/a'
const again = 'try again as `Retry-After` says\\.'
const unknown = /^.* It is unknown whether AWS carried out PutSecretValue\. To find out, .*`Idempotency-Key`/

const html = (status: number, headers = {}): Fault => ({ status, headers: { 'content-type': 'text/html', ...headers }, body: '<html>canary</html>' })
const own = (status: number, name: string, headers = {}): Fault =>
  ({ status, headers: { 'content-type': 'application/x-amz-json-1.1', ...headers }, body: JSON.stringify({ __type: name, message: 'canary' }) })

/**
 * Faults that occur on every attempt of the SDK, with the gateway's reply. `cause` is a part of the reply. `mayBeDone` is true if
 * AWS may have carried out a write.
 */
const table: readonly (readonly [title: string, fault: Fault, status: number, cause: string, mayBeDone: boolean])[] = [
  ['a connection that is reset', 'reset', 502, 'The connection to AWS broke off before the whole reply had arrived.', true],
  ['a reply that is lost', 'lost', 502, 'The connection to AWS broke off before the whole reply had arrived.', true],
  ['half a reply', 'half', 502, 'The connection to AWS broke off before the whole reply had arrived.', true],
  ['an internal error', own(500, 'InternalServiceError'), 502, 'AWS reported an error of its own.', true],
  ['a bad gateway', html(502), 502, 'AWS reported an error of its own.', true],
  ['an unavailable service', own(503, 'ServiceUnavailable'), 502, 'AWS reported an error of its own.', true],
  ['a gateway that times out', html(504), 502, 'AWS reported an error of its own.', true],
  ['a page instead of a reply', html(200), 502, 'The reply could not be understood: it may come from a proxy instead of AWS.', true],
  ['a proxy that refuses the call', html(403), 502, 'The reply could not be understood: it may come from a proxy instead of AWS.', false]
]

const attempts = 3

/** The longest time, in milliseconds, for which the circuit breaker refuses calls. */
const breakerPause = 30_000

t.test('an AWS call that is not answered: the reply states the reason, and what it means for reads and writes', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', path, { json: { value: 'v' } })
  const fail = await proxyWithFaults(t, gateway)
  const failing = async (operation: string, fault: Fault, request: () => Promise<Reply>): Promise<Reply> => {
    fail(operation, ...Array.from({ length: attempts }, () => fault))
    const reply = await request()
    fail(operation)
    t.notMatch(reply.text, 'canary')
    return reply
  }
  for (const [title, fault, status, cause, mayBeDone] of table) {
    const read = await failing('GetSecretValue', fault, async () => gateway.send('GET', path))
    t.match(read, { status, json: { code: 'aws-unavailable' } }, title)
    const effect = mayBeDone ? 'GetSecretValue only reads, so it changed nothing' : 'AWS did not carry out GetSecretValue'
    t.match(read.json.detail, new RegExp(`^${cause} ${effect}: ${again}$`), title)
    t.equal(read.headers.get('retry-after'), '5', title)

    const headers = { 'idempotency-key': title.replaceAll(' ', '-') }
    const write = await failing('PutSecretValue', fault, async () => gateway.send('PUT', path, { json: { value: title }, headers }))
    t.match(write, { status, json: { code: 'aws-unavailable' } }, title)
    t.match(write.json.detail, mayBeDone ? unknown : new RegExp(`^${cause} AWS did not carry out PutSecretValue: ${again}$`), title)
    t.match(write.json.detail, cause)
    t.equal(write.headers.get('retry-after'), '5', title)
    t.match(await gateway.send('PUT', path, { json: { value: title }, headers }), { status: 200 }, 'the request can be repeated')
    t.equal((await gateway.send('GET', path)).json.value, title)
  }

  t.test('for an item of a request for many secrets, too', async (t) => {
    fail('CreateSecret', 'reset', 'reset', 'reset')
    const { items } = (await gateway.send('POST', '/environments/dev/secrets', { json: { secretNames: ['b'] } })).json
    t.match(items[0].problem, { code: 'aws-unavailable', detail: /^The connection to AWS broke off .* unknown whether AWS carried out CreateSecret\./ })
  })
})

t.test('throttling says nothing about an earlier attempt whose reply was lost', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', path, { json: { value: 'v' } })
  const fail = await proxyWithFaults(t, gateway)
  const throttled = own(400, 'ThrottlingException')
  fail('PutSecretValue', 'lost', throttled, throttled)
  const reply = await gateway.send('PUT', path, { json: { value: 'throttled' } })
  t.match(reply, { status: 503, json: { code: 'aws-throttled', detail: unknown } })
  t.match(reply.json.detail, /^AWS throttled the repetition of a call whose reply was lost\. /)
  fail('PutSecretValue', throttled, throttled, throttled)
  const alone = await gateway.send('PUT', path, { json: { value: 'throttled again' } })
  t.match(alone, { status: 503, json: { code: 'aws-throttled', detail: 'Wait as long as `Retry-After` says.' } })
})

t.test('AWS\'s own Retry-After is kept', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', path, { json: { value: 'v' } })
  const fail = await proxyWithFaults(t, gateway)
  const date = (seconds: number): string => new Date(Date.now() + seconds * 1000).toUTCString()
  for (const [header, expected] of [
    ['0', /^0$/], ['17', /^17$/], ['999999999', /^86400$/], [date(90), /^(8[5-9]|90|91)$/], [date(-90), /^5$/], ['soon', /^5$/], ['-1', /^5$/], ['1.5', /^5$/]
  ] as const) {
    passTime(breakerPause)
    // Only the reply to the last attempt has the header. If an earlier reply had it, the SDK would wait for up to five seconds.
    fail('GetSecretValue', 'reset', 'reset', own(503, 'ServiceUnavailable', { 'retry-after': header }))
    const reply = await gateway.send('GET', path)
    t.equal(reply.status, 502)
    t.match(reply.headers.get('retry-after'), expected, header)
  }
  passTime(breakerPause)
  fail('GetSecretValue', 'reset', 'reset', own(400, 'ThrottlingException', { 'retry-after': '21' }))
  t.match((await gateway.send('GET', path)).headers.get('retry-after'), '21')
  fail('GetSecretValue', 'reset', 'reset', html(504, { 'retry-after': '22' }))
  t.match((await gateway.send('GET', path)).headers.get('retry-after'), '22')
  fail('GetSecretValue', { ...refusal('DecryptionFailure', 'No.'), headers: { 'content-type': 'application/x-amz-json-1.1', 'retry-after': '23' } })
  t.equal((await gateway.send('GET', path)).headers.get('retry-after'), null, 'waiting does not repair a KMS key')
})

/**
 * Errors of Node.js and of the SDK, with the gateway's reply. `cause` is a part of the reply. `mayBeDone` is true if AWS may have
 * carried out a write.
 */
const errors: readonly (readonly [error: object, status: number, cause: RegExp, mayBeDone: boolean])[] = [
  [{ code: 'ENOTFOUND', syscall: 'getaddrinfo' }, 502, /^No connection to AWS could be established\./, false],
  [{ code: 'ECONNREFUSED' }, 502, /^No connection to AWS could be established\./, false],
  [{ name: 'TimeoutError', code: 'ETIMEDOUT', syscall: 'connect' }, 504, /^No connection to AWS could be established\./, false],
  [{ name: 'TimeoutError', message: 'the request socket did not establish a connection with the server within the configured timeout of 2000 ms.' },
    504, /^No connection to AWS could be established\./, false],
  [{ code: 'ECONNRESET', message: 'Client network socket disconnected before secure TLS connection was established' },
    502, /^No connection to AWS could be established\./, false],
  [{ name: 'TimeoutError', code: 'ETIMEDOUT', errors: [{ code: 'ETIMEDOUT', syscall: 'connect' }, { code: 'ENETUNREACH', syscall: 'connect' }] },
    504, /^No connection to AWS could be established\./, false],
  [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 502, /^No connection to AWS could be established\./, false],
  [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, 502, /^No connection to AWS could be established\./, false],
  [{ name: 'TimeoutError', code: 'ETIMEDOUT' }, 504, /^AWS did not answer in time\./, true],
  [{ name: 'TimeoutError', code: 'EPIPE' }, 502, /^The connection to AWS broke off/, true],
  [{ name: 'AbortError' }, 504, /^AWS did not answer in time\./, true]
]

t.test('the meaning of connection errors for a write', async (t) => {
  const gateway = await build(t)
  let thrown: object = {}
  gateway.fastify.awsClient('dev-account', 'eu-west-1').middlewareStack.add(() => async () => {
    throw Object.assign(new Error('canary'), thrown)
  }, { step: 'deserialize', priority: 'low' })
  for (const [error, status, cause, mayBeDone] of errors) {
    thrown = error
    passTime(breakerPause)
    const reply = await gateway.send('DELETE', path)
    t.match(reply, { status, json: { code: status === 504 ? 'aws-timeout' : 'aws-unavailable', detail: cause } }, JSON.stringify(error))
    t.match(reply.json.detail, mayBeDone ? /It is unknown whether AWS carried out DeleteSecret\./ : /AWS did not carry out DeleteSecret: /)
    t.equal(reply.headers.get('retry-after'), '5')
  }
})

t.test('a real endpoint at which nothing listens, whose name has no address, or that does not speak TLS', async (t) => {
  const gateway = await build(t)
  const plain = (gateway.fastify.config.current.aws.endpoint ?? '').replace('http:', 'https:')
  const { aws, ...rest } = gateway.fastify.config.current
  for (const endpoint of ['http://127.0.0.1:9', 'http://name.invalid', plain]) {
    gateway.fastify.config.replace({ ...rest, aws: { ...aws, endpoint } })
    const reply = await gateway.send('DELETE', path)
    const detail = 'No connection to AWS could be established. AWS did not carry out DeleteSecret: try again as `Retry-After` says.'
    t.match(reply, { status: 502, json: { code: 'aws-unavailable', detail } }, endpoint)
  }
})

t.test('if STS does not provide a role session, the call is not carried out', async (t) => {
  const gateway = await build(t, {
    credentials: { ...declared.credentials, 'dev-account': { kind: 'assume-role', roleArn: roleArns.dev, source: 'prod-account' } },
    aws: { stsEndpoint: 'http://127.0.0.1:9' }
  })
  const reply = await gateway.send('DELETE', path)
  const detail = /^AWS STS, which has to provide the keys of the credential, .* AWS did not carry out DeleteSecret: /
  t.match(reply, { status: 502, json: { code: 'aws-unavailable', detail } })
  t.equal(reply.headers.get('retry-after'), '5')
})
