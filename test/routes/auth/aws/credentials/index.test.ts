import t from 'tap'
import { callAws, clientOf, keysFor, type Keys } from '#test/aws-endpoint'
import { build, declared, tokens, type Gateway } from '#test/helper'

/** Makes a call in AWS's protocol with keys, and returns the type of the error, or 'accepted'. */
async function attempt (gateway: Gateway, keys: Keys): Promise<string> {
  const client = clientOf(gateway, keys)
  try {
    await client.getRandomPassword()
    return 'accepted'
  } catch (error) {
    return (error as Error).name
  } finally {
    client.destroy()
  }
}

/** Replaces the configuration of callers. */
function setCallers ({ fastify: { config } }: Gateway, apiKeys: (typeof declared)['authentication']['apiKeys']): void {
  config.replace({ ...config.current, authentication: { ...config.current.authentication, apiKeys } })
}

t.test('getAwsKeys: the keys sign requests', async (t) => {
  const gateway = await build(t)
  const reply = await gateway.send('GET', '/auth/aws/credentials')
  t.equal(reply.status, 200)
  t.match(reply.json, { AccessKeyId: /^ASIA[A-Z2-7]{16}$/, SecretAccessKey: /^[A-Za-z0-9+/]{40}$/, Token: /^[A-Za-z0-9+/]+=*$/ })
  t.match(reply.json.Expiration, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  t.ok(Math.abs(Date.parse(reply.json.Expiration) - gateway.now() - 3_600_000) < 10_000, 'they end after an hour')
  t.equal(reply.headers.get('cache-control'), 'no-store')
  t.equal(await attempt(gateway, reply.json), 'accepted')
  const again = await keysFor(gateway)
  t.not(again.AccessKeyId, reply.json.AccessKeyId, 'each session has keys of its own')
  t.match(gateway.trail().findLast(({ operation }) => operation === 'callAws'), { caller: { id: 'administrator' }, status: 200 })
})

t.test('getAwsKeys: requests without a token, or with keys instead of one, are refused', async (t) => {
  const gateway = await build(t)
  t.match(await gateway.send('GET', '/auth/aws/credentials', { token: null }), { status: 401 })
  t.match(await gateway.send('GET', '/auth/aws/credentials', { token: null, headers: { authorization: 'AWS4-HMAC-SHA256 Credential=a/20260101/b/secretsmanager/aws4_request' } }), { status: 401 })
})

t.test('invalid keys are refused and recorded', async (t) => {
  const gateway = await build(t)
  const other = await build(t)
  const keys = await keysFor(gateway)
  const another = await keysFor(gateway, tokens.reader)
  for (const [what, wrong, name] of [
    ['another gateway\'s', await keysFor(other), 'UnrecognizedClientException'],
    ['another session\'s token', { ...keys, Token: another.Token }, 'UnrecognizedClientException'],
    ['a changed token', { ...keys, Token: keys.Token.replace(/^./, (first) => first === 'A' ? 'B' : 'A') }, 'UnrecognizedClientException'],
    ['no token', { ...keys, Token: '' }, 'UnrecognizedClientException'],
    ['another secret key', { ...keys, SecretAccessKey: another.SecretAccessKey }, 'InvalidSignatureException']
  ] as const) {
    t.equal(await attempt(gateway, wrong), name, what)
    t.match(gateway.trail().at(-1), { event: 'denial', operation: 'callAws', status: 400, code: 'unauthenticated', reason: `aws-${name}` }, what)
  }
  t.same(gateway.awsCalls, [])
  t.equal(await attempt(gateway, keys), 'accepted')
})

t.test('keys expire after an hour, or with the token', async (t) => {
  const soon = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)
  const gateway = await build(t)
  const [, reader] = declared.authentication.apiKeys
  const keys = await keysFor(gateway)
  setCallers(gateway, declared.authentication.apiKeys.map((key) => key.id === 'reader' ? { ...reader, id: 'reader', hash: key.hash, expires: soon } : key))
  const short = await keysFor(gateway, tokens.reader)
  t.ok(Date.parse(short.Expiration) <= Math.max(Date.parse(soon), gateway.now() + 3_600_000))
  // The date of the signature must be valid, so only the expiry of the keys is moved into the past.
  gateway.setClock(3_600_001)
  const late = await callWithClock(gateway, keys, 3_600_001)
  t.equal(late, 'ExpiredTokenException')
  t.match(gateway.trail().at(-1), { event: 'denial', code: 'unauthenticated', reason: 'aws-ExpiredTokenException' })
})

/** Makes a call whose signature has a date in the future. */
async function callWithClock (gateway: Gateway, keys: Keys, ahead: number): Promise<string> {
  const client = clientOf(gateway, keys)
  client.config.systemClockOffset = ahead
  return client.getRandomPassword().then(() => 'accepted', (error: unknown) => (error as Error).name).finally(() => { client.destroy() })
}

t.test('a signature whose date is off by more than five minutes is refused', async (t) => {
  const gateway = await build(t)
  const keys = await keysFor(gateway)
  for (const minutes of [-4, 4]) t.equal(await callWithClock(gateway, keys, minutes * 60_000), 'accepted', `${minutes}`)
  for (const minutes of [-6, 6]) t.equal(await callWithClock(gateway, keys, minutes * 60_000), 'InvalidSignatureException', `${minutes}`)
})

t.test('a signature must cover the header that selects the AWS credential', async (t) => {
  const gateway = await build(t)
  const keys = await keysFor(gateway)
  /** Makes a call with a header that is added before or after signing. */
  const callWith = async (time: 'before' | 'after'): Promise<string> => {
    const client = clientOf(gateway, keys)
    const addHeader = <Args extends object, Result>(next: (args: Args) => Promise<Result>) => async (args: Args) => {
      Object.assign((args as unknown as { request: { headers: object } }).request.headers, { 'aws-credential-id': 'dev-account' })
      return next(args)
    }
    client.middlewareStack.addRelativeTo(addHeader, { relation: time, toMiddleware: 'httpSigningMiddleware' })
    return client.getRandomPassword().then(() => 'accepted', (error: unknown) => (error as Error).name).finally(() => { client.destroy() })
  }
  t.equal(await callWith('before'), 'accepted')
  t.same(gateway.awsCalls.splice(0), ['GetRandomPassword'])
  t.equal(await callWith('after'), 'IncompleteSignatureException')
  t.match(gateway.trail().at(-1), { event: 'denial', code: 'unauthenticated', reason: 'aws-IncompleteSignatureException' })
  t.same(gateway.awsCalls, [])
})

t.test('keys stop working when the configuration no longer has the caller', async (t) => {
  const gateway = await build(t)
  const keys = await keysFor(gateway)
  const { apiKeys } = declared.authentication
  setCallers(gateway, apiKeys.filter(({ id }) => id !== 'administrator'))
  t.equal(await attempt(gateway, keys), 'UnrecognizedClientException', 'the caller was removed')
  t.match(gateway.trail().at(-1), { event: 'denial', code: 'unauthenticated', reason: 'caller-gone' })
  setCallers(gateway, apiKeys.map((key) => key.id === 'administrator' ? { ...key, hash: `sha256:${'0'.repeat(64)}` } : key))
  t.equal(await attempt(gateway, keys), 'UnrecognizedClientException', 'its API key was replaced')
  setCallers(gateway, apiKeys)
  t.equal(await attempt(gateway, keys), 'accepted')
})

t.test('a bearer token needs no signature', async (t) => {
  const gateway = await build(t)
  t.equal((await callAws(gateway, 'GetRandomPassword', {})).status, 200)
  const missing = await gateway.send('POST', '/environments/dev/aws', { token: null, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: '{}' })
  t.match(missing, { status: 400, json: { __type: 'MissingAuthenticationTokenException', Message: 'Missing Authentication Token' } })
  const unknown = await callAws(gateway, 'GetRandomPassword', {}, { token: 'unknown-token-for-tests' })
  t.match(unknown, { status: 400, json: { __type: 'UnrecognizedClientException' } })
})
