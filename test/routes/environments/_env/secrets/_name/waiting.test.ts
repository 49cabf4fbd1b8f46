import { get } from 'node:http'
import t from 'tap'
import { build, caching, declared, policies, tokens, type Gateway, type Reply, type RequestOptions } from '#test/helper'
import { startQueue } from '#test/sqs'
import { until } from '#test/until'
import { untilWaiting, waiting } from '#test/waiting'

const path = '/environments/dev/secrets/payments%2Fdb'
const second = 1 / 86_400

/** Stores a value through the gateway, and returns the version's ETag. */
const put = async (gateway: Gateway, value: string, at = path): Promise<string> =>
  (await gateway.send('PUT', at, { json: { value } })).headers.get('etag') ?? ''

/** Sends a read that waits for a version with another ETag. */
const wait = async (gateway: Gateway, etag: string, { headers = {}, ...options }: RequestOptions = {}, at = path): Promise<Reply> =>
  gateway.send('GET', at, { ...options, headers: { 'if-none-match': etag, prefer: 'wait=30', ...headers } })

t.test('readSecret waits until another version is current', async (t) => {
  const gateway = await build(t, caching)
  const first = await put(gateway, 'one')
  const waits = Array.from({ length: 20 }, async () => wait(gateway, first))
  await untilWaiting(gateway, 20)
  t.match(gateway.fastify.metrics.text(), /^secrets_gateway_watched_secrets 1$/m, 'they share one entry')
  const next = await put(gateway, 'two')
  for (const reply of await Promise.all(waits)) {
    t.match(reply, { status: 200, json: { value: 'two' } })
    t.equal(reply.headers.get('etag'), next)
    t.equal(reply.headers.get('preference-applied'), 'wait=30')
  }
  const afterWrite = gateway.awsCalls.slice(gateway.awsCalls.lastIndexOf('PutSecretValue') + 1)
  t.same(afterWrite, ['GetSecretValue'], 'AWS is asked once for all of them')
  await untilWaiting(gateway, 0)

  const late = await wait(gateway, first)
  t.match(late, { status: 200, json: { value: 'two' } }, 'a caller who missed the change does not wait')
  t.equal(late.headers.get('preference-applied'), 'wait=30')
})

t.test('each wait is recorded when it begins, and at its end with a fresh decision', async (t) => {
  const gateway = await build(t, caching)
  const first = await put(gateway, 'one')
  const waited = wait(gateway, first)
  await untilWaiting(gateway, 1)
  const ofReads = (): unknown[] => gateway.trail().filter(({ operation }) => operation === 'readSecret')
  await until(() => ofReads().length === 1)
  t.match(ofReads(), [{ event: 'intent', action: 'GetSecretValue', name: 'payments/db' }])
  const next = await put(gateway, 'two')
  await waited
  t.match(ofReads().slice(1), [{ event: 'outcome', status: 200, versionId: next.slice(1, -1), decision: { allowed: true } }])
})

t.test('without a change, the reply is 304', async (t) => {
  const gateway = await build(t, caching)
  const first = await put(gateway, 'one')
  const waited = wait(gateway, first)
  await untilWaiting(gateway, 1)
  await put(gateway, 'other', '/environments/dev/secrets/other')
  gateway.advance(30 * second)
  const reply = await waited
  t.match(reply, { status: 304, text: '' })
  t.equal(reply.headers.get('preference-applied'), 'wait=30')
  t.equal(reply.headers.get('etag'), first)
})

t.test('a change that does not create a current version does not end the wait', async (t) => {
  const gateway = await build(t, caching)
  const first = await put(gateway, 'one')
  const waited = wait(gateway, first)
  await untilWaiting(gateway, 1)
  await gateway.send('PUT', `${path}/tags`, { json: { tags: { a: 'b' } } })
  t.equal(waiting(gateway), 1)
  await put(gateway, 'two')
  t.equal((await waited).json.value, 'two')
})

t.test('the configuration limits the waiting time', async (t) => {
  const gateway = await build(t, { ...caching, server: { ...declared.server, connections: { longestWaitSeconds: 7 } } })
  const first = await put(gateway, 'one')
  const waited = wait(gateway, first, { headers: { prefer: 'wait=600' } })
  await untilWaiting(gateway, 1)
  gateway.advance(7 * second)
  t.equal((await waited).headers.get('preference-applied'), 'wait=7')
})

t.test('a preference that can\'t be met is ignored', async (t) => {
  const gateway = await build(t, caching)
  const first = await put(gateway, 'one')
  const read = async (query: string, headers: Record<string, string>): Promise<[number, string | null]> => {
    const { status, headers: replied } = await gateway.send('GET', path + query, { headers })
    return [status, replied.get('preference-applied')]
  }
  t.same(await read('', { prefer: 'wait=30' }), [200, null], 'without If-None-Match')
  t.same(await read('', { prefer: 'wait=soon', 'if-none-match': first }), [304, null], 'not a number')
  t.same(await read(`?versionId=${first.slice(1, -1)}`, { prefer: 'wait=30', 'if-none-match': first }), [304, null], 'a version does not change')
  t.same(await read('', { prefer: 'wait=0', 'if-none-match': first }), [304, 'wait=0'])
  t.same(await read('', { prefer: 'respond-async, WAIT = "0"; x, wait=30', 'if-none-match': first }), [304, 'wait=0'], 'the first one counts')
  const uncached = await build(t)
  const tag = await put(uncached, 'one')
  const reply = await wait(uncached, tag)
  t.match(reply, { status: 304 }, 'the cache is disabled')
  t.equal(reply.headers.get('preference-applied'), null)
})

t.test('a change ends the wait, however the gateway learns about it', async (t) => {
  const queue = await startQueue(t)
  const { queueUrl } = queue
  const gateway = await build(t, { ...caching, cache: { events: [{ queueUrl, region: 'eu-west-1', credential: 'dev-account' }] } })
  const aws = gateway.aws('AKIADEV')
  await aws.createSecret({ Name: 'dev/payments/db', SecretString: 'v' })
  const changes: Record<string, () => Promise<unknown>> = {
    'an event of AWS': async () => {
      queue.send(JSON.stringify({ source: 'aws.secretsmanager', detail: { eventName: 'PutSecretValue', requestParameters: { secretId: 'dev/payments/db' } } }))
      return undefined
    },
    'an invalidation': async () => gateway.send('POST', '/cache/invalidations', { json: { environment: 'dev', secretIds: ['payments/db'] } }),
    'a refresh by somebody else': async () => gateway.send('GET', `${path}?refresh=true`),
    'the renewal of the value': async () => { gateway.advance(290 * second) }
  }
  for (const [kind, announce] of Object.entries(changes)) {
    gateway.advance(20 * second)
    const known = await gateway.send('GET', path)
    // The maximum wait is shorter than the time until the renewal, so the caller repeats the request, as a real caller does.
    const asked = async (): Promise<Reply> => {
      const reply = await wait(gateway, known.headers.get('etag') ?? '')
      return reply.status === 304 ? asked() : reply
    }
    const waited = asked()
    await untilWaiting(gateway, 1)
    await aws.putSecretValue({ SecretId: 'dev/payments/db', SecretString: kind })
    t.equal(waiting(gateway), 1)
    await announce()
    t.equal((await waited).json.value, kind, kind)
    await untilWaiting(gateway, 0)
  }
})

t.test('a rotation ends the wait', async (t) => {
  const gateway = await build(t, caching)
  const first = await put(gateway, 'one')
  const waited = wait(gateway, first)
  await untilWaiting(gateway, 1)
  await gateway.send('PUT', `${path}/rotation`, {
    json: { lambdaArn: 'arn:aws:lambda:eu-west-1:111111111111:function:rotator', automaticallyAfterDays: 30, rotateImmediately: true }
  })
  await gateway.rotateDue()
  const reply = await waited
  t.equal(reply.status, 200)
  t.not(reply.headers.get('etag'), first)
})

t.test('if the secret is deleted in the meantime, the reply is 409', async (t) => {
  const gateway = await build(t, caching)
  const waited = wait(gateway, await put(gateway, 'one'))
  await untilWaiting(gateway, 1)
  await gateway.send('DELETE', path)
  t.match(await waited, { status: 409, json: { code: 'secret-pending-deletion' } })
})

t.test('a caller who loses the permission gets no value', async (t) => {
  const gateway = await build(t, caching)
  const { config } = gateway.fastify
  const first = await put(gateway, 'one')
  const waited = wait(gateway, first, { token: tokens.reader })
  const other = wait(gateway, first)
  await untilWaiting(gateway, 2)
  const rest = policies(`@id("administrators") permit (principal in Group::"administrators", action, resource);
    @id("sees") permit (principal == Caller::"reader", action == Action::"DescribeEnvironment", resource);`)
  config.replace({ ...config.current, ...rest })
  t.match(await waited, { status: 403, json: { code: 'forbidden' } })
  t.match(gateway.trail().findLast(({ caller }) => caller?.id === 'reader'), { event: 'outcome', status: 403, decision: { allowed: false } })
  t.equal(waiting(gateway), 1, 'others go on waiting')
  await put(gateway, 'two')
  t.equal((await other).json.value, 'two')
})

t.test('a caller who may no longer see the environment, or was removed, gets no value', async (t) => {
  const gateway = await build(t, caching)
  const { config } = gateway.fastify
  const first = await put(gateway, 'one')
  const waits = [wait(gateway, first, { token: tokens.reader }), wait(gateway, first)]
  await untilWaiting(gateway, 2)
  const { authentication } = config.current
  config.replace({
    ...config.current,
    ...policies('@id("all") permit (principal in Group::"administrators", action, resource);'),
    authentication: { ...authentication, apiKeys: authentication.apiKeys.filter(({ id }) => id !== 'administrator') }
  })
  t.match(await Promise.all(waits), [{ status: 404, json: { code: 'not-found' } }, { status: 401, json: { code: 'unauthenticated' } }])
})

t.test('a token that now belongs to another caller is refused', async (t) => {
  const gateway = await build(t, caching)
  const { config } = gateway.fastify
  const waited = wait(gateway, await put(gateway, 'one'))
  await untilWaiting(gateway, 1)
  const { authentication } = config.current
  config.replace({ ...config.current, authentication: { ...authentication, apiKeys: authentication.apiKeys.map((key) => ({ ...key, id: `new-${key.id}` })) } })
  t.match(await waited, { status: 401 })
})

t.test('a token that has expired in the meantime is refused', async (t) => {
  const [key] = declared.authentication.apiKeys
  const expires = new Date(Date.now() + 60_000).toISOString()
  const gateway = await build(t, { ...caching, authentication: { apiKeys: [...declared.authentication.apiKeys.slice(1), { ...key, id: 'short', expires }] as never } })
  const first = await put(gateway, 'one')
  const waited = wait(gateway, first)
  await untilWaiting(gateway, 1)
  gateway.setClock(120_000)
  gateway.advance(30 * second)
  t.match(await waited, { status: 401 })
})

t.test('a change of the environment ends the wait, because a name may now stand for another secret', async (t) => {
  const gateway = await build(t, caching)
  const { config } = gateway.fastify
  const first = await put(gateway, 'one')
  const waited = wait(gateway, first)
  await untilWaiting(gateway, 1)
  const environments = new Map(Array.from(config.current.environments, ([name, environment]) => [name, { ...environment, namePrefix: 'moved/' }]))
  config.replace({ ...config.current, environments })
  t.equal((await waited).status, 304)
})

t.test('a shutdown ends all waits at once', async (t) => {
  const gateway = await build(t, { ...caching, server: { ...declared.server, shutdown: { delaySeconds: 60 } } })
  const first = await put(gateway, 'one')
  const waited = wait(gateway, first)
  await untilWaiting(gateway, 1)
  const closed = gateway.fastify.shutDown({ delays: false })
  const reply = await waited
  t.equal(reply.status, 304)
  t.equal(reply.headers.get('connection'), 'close')
  await closed
})

t.test('during a shutdown, no wait begins', async (t) => {
  const gateway = await build(t, { ...caching, server: { ...declared.server, shutdown: { delaySeconds: 60 } } })
  const first = await put(gateway, 'one')
  gateway.fastify.stopping.dispatchEvent(new Event('abort'))
  t.equal((await wait(gateway, first)).status, 304)
})

t.test('a caller who disconnects frees its place', async (t) => {
  const gateway = await build(t, caching)
  const etag = await put(gateway, 'one')
  const request = get(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${tokens.administrator}`, 'if-none-match': etag, prefer: 'wait=30' } })
  request.on('error', () => undefined)
  await untilWaiting(gateway, 1)
  request.destroy()
  await untilWaiting(gateway, 0)
  await until(() => gateway.trail().some(({ operation, status }) => operation === 'readSecret' && status === 499))
  t.match(gateway.fastify.metrics.text(), /^secrets_gateway_watched_secrets 0$/m)
})

t.test('the number of concurrent waits per caller is limited', async (t) => {
  const gateway = await build(t, { ...caching, server: { ...declared.server, connections: { waitsPerCaller: 2 } } })
  const etag = await put(gateway, 'one')
  const waits = [wait(gateway, etag), wait(gateway, etag)]
  await untilWaiting(gateway, 2)
  const refused = await wait(gateway, etag)
  t.match(refused, { status: 429, json: { code: 'rate-limited' } })
  t.equal(refused.headers.get('retry-after'), '5')
  const others = wait(gateway, etag, { token: tokens.reader })
  await untilWaiting(gateway, 3)
  await put(gateway, 'two')
  for (const reply of await Promise.all([...waits, others])) t.equal(reply.json.value, 'two')
})
