import t from 'tap'
import { build, caching, declared, policies, tokens, type Gateway } from '#test/helper'
import { until } from '#test/until'
import { openStream, untilWaiting, type Stream } from '#test/waiting'

const path = '/environments/dev/events'
const second = 1 / 86_400

/** Stores a value through the gateway, and returns its version ID. */
const put = async (gateway: Gateway, name: string, value: string): Promise<string> =>
  (await gateway.send('PUT', `/environments/dev/secrets/${encodeURIComponent(name)}`, { json: { value } })).json.versionId

/** Resolves once a stream has received this number of events. */
const untilEvents = async ({ events }: Stream, count: number): Promise<void> => until(() => events.length >= count)

const eventsOf = ({ events }: Stream): unknown[] => events.map(({ event, data }) => [event, data.name, data.versionId])

t.test('followSecrets', async (t) => {
  const gateway = await build(t, caching)
  const one = await put(gateway, 'payments/db', 'a secret value')
  const other = await put(gateway, 'other', 'x')
  const all = await openStream(gateway, path)
  const some = await openStream(gateway, `${path}?namePrefix=payments%2F`)
  const named = await openStream(gateway, `${path}?name=payments%2Fdb&name=absent`)
  t.same([all, some, named].map(({ status }) => status), [200, 200, 200])
  await untilEvents(all, 2)
  t.same(eventsOf(all).sort(), [['version', 'other', other], ['version', 'payments/db', one]], 'the current versions come first')
  await untilEvents(some, 1)
  await untilEvents(named, 1)

  const next = await put(gateway, 'payments/db', 'another secret value')
  await put(gateway, 'other', 'y')
  const created = await put(gateway, 'payments/new', 'z')
  await put(gateway, 'absent', 'z')
  await untilEvents(all, 6)
  await untilEvents(some, 3)
  await untilEvents(named, 3)
  t.same(eventsOf(some), [['version', 'payments/db', one], ['version', 'payments/db', next], ['version', 'payments/new', created]], 'new ones are added')
  t.same(eventsOf(named).map((event) => (event as unknown[])[1]), ['payments/db', 'payments/db', 'absent'])
  t.notMatch(all.text(), 'secret value')

  await gateway.send('DELETE', '/environments/dev/secrets/payments%2Fdb')
  await untilEvents(some, 4)
  t.same(eventsOf(some).at(-1), ['gone', 'payments/db', undefined])
  for (const stream of [all, some, named]) stream.close()
  await untilWaiting(gateway, 0, 'event-stream')
  t.match(gateway.fastify.metrics.text(), /^secrets_gateway_watched_secrets 0$/m)
})

t.test('a client that resumes gets nothing twice', async (t) => {
  const gateway = await build(t, caching)
  await put(gateway, 'a', 'x')
  await put(gateway, 'b', 'x')
  const first = await openStream(gateway, path)
  await untilEvents(first, 2)
  const id = first.events.at(-1)?.id ?? ''
  first.close()
  await untilWaiting(gateway, 0, 'event-stream')

  const resumed = await openStream(gateway, path, { headers: { 'last-event-id': id } })
  const version = await put(gateway, 'b', 'y')
  await untilEvents(resumed, 1)
  t.same(eventsOf(resumed), [['version', 'b', version]])
  const missed = await openStream(gateway, path, { headers: { 'last-event-id': id } })
  await untilEvents(missed, 2)
  t.same(eventsOf(missed).map((event) => (event as unknown[])[1]).sort(), ['a', 'b'], 'a client that has missed something gets all current versions')
  t.equal(missed.events.at(-1)?.id, resumed.events.at(-1)?.id, 'the ID depends on the versions alone')
  t.equal((await openStream(gateway, path, { headers: { 'last-event-id': 'a b' } })).status, 400)
})

t.test('a client that resumes does not wait for a secret that can\'t be read', async (t) => {
  const gateway = await build(t, caching)
  await put(gateway, 'broken', 'x')
  await put(gateway, 'a', 'x')
  const first = await openStream(gateway, path)
  await untilEvents(first, 2)
  const id = first.events.at(-1)?.id ?? ''
  first.close()
  await untilWaiting(gateway, 0, 'event-stream')

  let [isBroken, failures] = [true, 0]
  gateway.fastify.awsClient('dev-account', 'eu-west-1').middlewareStack.add((next) => async (args) => {
    if (!isBroken || !JSON.stringify(args.input).includes('dev/broken')) return next(args)
    failures += 1
    throw Object.assign(new Error('canary'), { name: 'AbortError' })
  }, { step: 'deserialize', priority: 'low' })
  gateway.advance(300 * second)
  const resumed = await openStream(gateway, path, { headers: { 'last-event-id': id } })
  await until(() => failures > 0)
  const next = await put(gateway, 'a', 'y')
  gateway.advance(15 * second)
  await untilEvents(resumed, 1)
  t.same(eventsOf(resumed), [['version', 'a', next]])
  t.not(resumed.events[0]?.id, id, 'the ID says that the client does not know the other one')
  isBroken = false
  gateway.advance(60 * second)
  await untilEvents(resumed, 2)
  t.same(eventsOf(resumed).map((event) => (event as unknown[])[1]), ['a', 'broken'])
})

t.test('a stream only reports secrets that the caller may describe or read', async (t) => {
  const gateway = await build(t, caching)
  for (const name of ['team-a/db', 'team-b/db']) await put(gateway, name, 'x')
  const team = await openStream(gateway, path, { token: tokens.team })
  const readers = await openStream(gateway, path, { token: tokens.reader })
  await untilEvents(readers, 2)
  await put(gateway, 'team-b/db', 'y')
  await put(gateway, 'team-b/new', 'y')
  await put(gateway, 'team-a/db', 'y')
  await untilEvents(readers, 5)
  await untilEvents(team, 2)
  t.same([...new Set(eventsOf(team).map((event) => (event as unknown[])[1]))], ['team-a/db'])

  const status = async (query: string, token: string): Promise<number> => (await gateway.send('GET', path + query, { token })).status
  t.equal(await status('?name=team-b%2Fdb', tokens.team), 403)
  t.equal(await status('?name=team-a%2Fdb&name=team-b%2Fdb', tokens.team), 403)
  t.equal(await status('', tokens.writer), 403, 'may not list')
  t.equal(await status('', tokens.stranger), 404)
  t.match(await gateway.send('GET', `${path}?name=a%2F%2Fb`), { status: 400, json: { errors: [{ in: 'query', pointer: '/name/0' }] } })
})

t.test('each event is recorded before it is sent', async (t) => {
  const gateway = await build(t, caching)
  const version = await put(gateway, 'a', 'x')
  const stream = await openStream(gateway, `${path}?name=a`, { token: tokens.reader })
  await untilEvents(stream, 1)
  t.match(gateway.trail().filter(({ operation }) => operation === 'followSecrets'), [
    { event: 'intent', caller: { id: 'reader' } },
    { event: 'outcome', status: 200 },
    { event: 'item', action: 'GetSecretValue', name: 'a', versionId: version, status: 200, decision: { allowed: true, policies: ['reader'] } }
  ])
})

t.test('a caller who loses a permission gets no further events', async (t) => {
  const gateway = await build(t, caching)
  const { config } = gateway.fastify
  for (const name of ['a', 'b']) await put(gateway, name, 'x')
  const all = await openStream(gateway, path, { token: tokens.reader })
  const named = await openStream(gateway, `${path}?name=a`, { token: tokens.reader })
  const kept = await openStream(gateway, `${path}?name=b`, { token: tokens.reader })
  await untilEvents(all, 2)
  await untilEvents(named, 1)
  await untilEvents(kept, 1)
  config.replace({
    ...config.current,
    ...policies(`@id("administrators") permit (principal in Group::"administrators", action, resource);
      @id("some") permit (principal == Caller::"reader", action in [Action::"DescribeEnvironment", Action::"BatchGetSecretValue", Action::"GetSecretValue"], resource in Environment::"dev")
      unless { resource has name && resource.name == "a" };`)
  })
  await until(named.isOver)
  t.match(named.events.at(-1), { event: 'end', data: { problem: 'forbidden' } })
  await put(gateway, 'a', 'y')
  await put(gateway, 'b', 'y')
  await untilEvents(all, 3)
  await untilEvents(kept, 2)
  t.same(eventsOf(all).slice(2).map((event) => (event as unknown[])[1]), ['b'])

  const { authentication } = config.current
  config.replace({ ...config.current, authentication: { ...authentication, apiKeys: authentication.apiKeys.filter(({ id }) => id !== 'reader') } })
  await until(() => all.isOver() && kept.isOver())
  t.match(all.events.at(-1), { event: 'end', data: { problem: 'unauthenticated' } })
})

t.test('a stream whose token has expired ends with the next heartbeat', async (t) => {
  const [key] = declared.authentication.apiKeys
  const expires = new Date(Date.now() + 60_000).toISOString()
  const apiKeys = [...declared.authentication.apiKeys, { ...key, id: 'short', hash: key?.hash ?? '', expires }].filter(({ id }) => id !== 'administrator')
  const gateway = await build(t, { ...caching, authentication: { apiKeys } })
  await put(gateway, 'a', 'x')
  const stream = await openStream(gateway, path)
  await untilEvents(stream, 1)
  gateway.advance(15 * second)
  await until(() => stream.text().includes(': heartbeat\n\n'))
  gateway.setClock(120_000)
  gateway.advance(15 * second)
  await until(stream.isOver)
  t.match(stream.events.at(-1), { event: 'end', data: { problem: 'unauthenticated' } })
})

t.test('a reload that changes the environment, and a shutdown, end the streams', async (t) => {
  const gateway = await build(t, caching)
  const { config } = gateway.fastify
  await put(gateway, 'a', 'x')
  const stream = await openStream(gateway, path)
  await untilEvents(stream, 1)
  config.replace({ ...config.current, environments: new Map(Array.from(config.current.environments, ([name, environment]) => [name, { ...environment, namePrefix: 'moved/' }])) })
  await until(stream.isOver)
  t.equal(stream.events.length, 1)

  const last = await openStream(gateway, path)
  const closed = gateway.fastify.shutDown({ delays: false })
  await until(last.isOver)
  await closed
})

t.test('secrets that were created elsewhere are found when the environment is listed again', async (t) => {
  const gateway = await build(t, caching)
  await put(gateway, 'e', 'x')
  const stream = await openStream(gateway, `${path}?name=absent&namePrefix=e`)
  await untilEvents(stream, 1)
  await gateway.aws('AKIADEV').createSecret({ Name: 'dev/elsewhere', SecretString: 'x' })
  gateway.advance(300 * second)
  gateway.catchUp()
  await untilEvents(stream, 2)
  t.same(eventsOf(stream).at(-1), ['version', 'elsewhere', stream.events.at(-1)?.data.versionId])
  await gateway.aws('AKIADEV').deleteSecret({ SecretId: 'dev/elsewhere', ForceDeleteWithoutRecovery: true })
  gateway.advance(300 * second)
  await untilEvents(stream, 3)
  t.same(eventsOf(stream).at(-1), ['gone', 'elsewhere', undefined])
  gateway.advance(300 * second)
  await until(() => /^secrets_gateway_watched_secrets 2$/m.test(gateway.fastify.metrics.text()))
})

t.test('refused streams', async (t) => {
  const uncached = await build(t)
  t.match(await uncached.send('GET', path), { status: 409, json: { code: 'cache-disabled' } })
  const tooLong = { in: 'query', pointer: '/name/1', message: 'must NOT have more than 508 characters in this environment' }
  t.match(await uncached.send('GET', `${path}?name=a&name=${'n'.repeat(509)}`), { status: 400, json: { errors: [tooLong] } })
  const gateway = await build(t, { ...caching, server: { ...declared.server, connections: { eventStreamsPerCaller: 1 } } })
  const names = Array.from({ length: 1_001 }, (_, index) => `n/${index}`)
  t.equal((await gateway.send('POST', '/environments/dev/secrets', { json: { secretNames: names } })).status, 201)
  gateway.catchUp()
  t.match(await gateway.send('GET', path), { status: 400, json: { errors: [{ in: 'query', pointer: '/namePrefix' }] } })
  const stream = await openStream(gateway, `${path}?namePrefix=n%2F1`)
  t.match(await gateway.send('GET', path), { status: 429, json: { code: 'rate-limited' } })
  stream.close()
  await untilWaiting(gateway, 0, 'event-stream')

  await gateway.send('DELETE', '/environments/dev/secrets/n%2F0')
  gateway.catchUp()
  const growing = await openStream(gateway, `${path}?namePrefix=n%2F`)
  t.equal(growing.status, 200, 'as many as a stream may have')
  await put(gateway, 'n/new', 'x')
  await until(growing.isOver)
  t.match(await gateway.send('GET', `${path}?namePrefix=n%2F`), { status: 400, json: { code: 'invalid-request' } }, 'one more than that')

  const failing = await build(t, { ...caching, environments: { dev: { region: 'eu-west-1', credential: 'unknown-to-aws' } } })
  t.match(await failing.send('GET', path), { status: 502 })
})
