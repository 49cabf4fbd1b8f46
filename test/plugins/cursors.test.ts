import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { createCursors, cursorKeyBytes } from '#src/secrets/cursors'
import { rulesIn } from '#src/secrets/posture/schemas'
import { inlineComponents } from '#src/http/openapi-components'
import { build, policies, tokens, type Gateway, type Reply } from '#test/helper'

/**
 * Every list with a cursor:
 * - `path`: the path of the list
 * - `others`: parameters that make it a different list, where its cursors must be refused
 * - `elsewhere`: the paths of other lists, where its cursors must be refused, too
 * - `query`: the parameters that identify the list in its cursors, if the request has no query string
 */
const lists = [
  {
    operation: 'assessPosture',
    path: '/environments/dev/posture',
    others: ['namePrefix=team', 'rule=SecretsManager.1', 'status=failed'],
    elsewhere: ['/environments/staging/posture', '/environments/dev/secrets'],
    query: { rules: rulesIn(undefined) }
  },
  {
    operation: 'listSecrets',
    path: '/environments/dev/secrets',
    others: [
      'sort=-name', 'namePrefix=team', 'tag=a%3Db', 'tag=a%3D', 'description=a', 'tagKey=a', 'tagValue=a', 'all=a', 'includePlannedDeletion=true'
    ],
    elsewhere: ['/environments/staging/secrets', '/environments/dev/secrets/team-a%2F1/versions'],
    query: {}
  },
  {
    operation: 'listVersions',
    path: '/environments/dev/secrets/team-a%2F1/versions',
    others: ['includeDeprecated=true'],
    elsewhere: ['/environments/dev/secrets/team-a%2F2/versions', '/environments/dev/secrets'],
    query: { name: 'team-a/1' }
  }
]

/** Two callers with the same permissions. */
const authorization = policies(`
  @id("administrators") permit (principal in Group::"administrators", action, resource);
  @id("stranger") permit (principal == Caller::"stranger", action, resource);
`)

async function setUp (t: Test, ...cursorKeyFiles: string[]): Promise<Gateway> {
  const gateway = await build(t, { authorization, ...cursorKeyFiles.length > 0 && { server: { cursorKeyFiles } } })
  for (const name of ['team-a%2F1', 'team-a%2F2']) {
    for (const value of ['v1', 'v2']) await gateway.send('PUT', `/environments/dev/secrets/${name}`, { json: { value } })
  }
  await gateway.send('PUT', '/environments/staging/secrets/team-a%2F1', { json: { value: 'v' } })
  gateway.catchUp()
  return gateway
}

const cursorOf = async (gateway: Gateway, path: string): Promise<string> => {
  const { json } = await gateway.send('GET', `${path}?limit=1`)
  return json.nextCursor
}

/** Returns the reply without request IDs, which differ in every reply. */
const withoutIds = ({ status, json: { instance, requestId, awsRequestId, ...json } }: Reply): object =>
  ({ status, json, names: String(instance).endsWith(requestId) })

t.test('a cursor is accepted for exactly a day', async (t) => {
  const { fastify: { config: { current } } } = await build(t)
  const environment = current.environments.get('dev')
  if (environment === undefined) throw new TypeError('dev is declared')
  let now = 1_000
  const cursors = createCursors(() => [randomBytes(cursorKeyBytes)], () => now)
  const key = randomBytes(cursorKeyBytes)
  const same = createCursors(() => [key], () => now)
  const listing = { scope: { callerId: 'administrator', credentialId: environment.credential, environment }, operation: 'listSecrets', query: {} }
  const cursor = same.seal(listing, { seen: 7 })
  now += 24 * 60 * 60 * 1_000 - 1
  t.same(same.open(listing, cursor), { seen: 7 })
  t.throws(() => cursors.open(listing, cursor), { code: 'invalid-request' }, 'another key')
  now += 1
  t.throws(() => same.open(listing, cursor), { code: 'invalid-request' })
})

t.test('every list with a cursor is tested here', async (t) => {
  const gateway = await build(t)
  const { paths = {} } = inlineComponents(gateway.fastify.swagger()) as { paths?: Record<string, Record<string, { operationId?: string, parameters?: { name: string }[] }>> }
  const found = Object.values(paths).flatMap((methods) => Object.values(methods))
    .filter(({ parameters = [] }) => parameters.some(({ name }) => name === 'cursor')).map(({ operationId }) => operationId)
  t.same(found.sort(), lists.map(({ operation }) => operation))
})

for (const { operation, path, others, elsewhere, query } of lists) {
  t.test(operation, async (t) => {
    t.test('a cursor is refused, always with the same reply, outside the list that it belongs to', async (t) => {
      const gateway = await setUp(t)
      const cursor = await cursorOf(gateway, path)
      const expected = withoutIds(await gateway.send('GET', `${path}?cursor=nonsense`))
      t.match(expected, { status: 400, json: { code: 'invalid-request', errors: [{ in: 'query', pointer: '/cursor', message: 'is no cursor of this list' }] } })
      const refused = async (title: string, url: string, options = {}): Promise<void> => {
        gateway.awsCalls.length = 0
        t.same(withoutIds(await gateway.send('GET', url, options)), expected, title)
        t.same(gateway.awsCalls, [], `${title}: AWS is not asked`)
      }
      t.match(await gateway.send('GET', `${path}?cursor=${cursor}`), { status: 200, json: { items: [{}] } })
      t.match(await gateway.send('GET', `${path}?cursor=${cursor}&limit=7`), { status: 200 }, 'pages may differ in size')
      await refused('another caller', `${path}?cursor=${cursor}`, { token: tokens.stranger })
      await refused('another credential', `${path}?cursor=${cursor}`, { headers: { 'aws-credential-id': 'unknown-to-aws' } })
      for (const other of others) await refused(other, `${path}?${other}&cursor=${cursor}`)
      for (const other of elsewhere) await refused(other, `${other}?cursor=${cursor}`)

      const bytes = Buffer.from(cursor, 'base64url')
      for (const index of [0, 15, 16, 31, 32, bytes.length - 1]) {
        const changed = Buffer.from(bytes)
        changed[index] = (changed[index] ?? 0) ^ 1
        await refused(`byte ${index} changed`, `${path}?cursor=${changed.toString('base64url')}`)
      }
      for (const [title, changed] of [
        ['cut off', cursor.slice(0, -4)], ['too short for a cursor', cursor.slice(0, 20)], ['longer', `${cursor}AAAA`],
        ['padded', `${cursor}=`], ['with a blank', `${cursor}%20`]
      ] as const) await refused(title, `${path}?cursor=${changed}`)

      gateway.advance(23 / 24)
      t.match(await gateway.send('GET', `${path}?cursor=${cursor}`), { status: 200 }, 'after 23 hours')
      gateway.advance(1 / 24)
      await refused('expired, after a day', `${path}?cursor=${cursor}`)
    })

    t.test('a cursor whose token AWS refuses gets the same reply as any other invalid cursor', async (t) => {
      const gateway = await setUp(t)
      const { fastify: { cursors, config: { current } } } = gateway
      const expected = withoutIds(await gateway.send('GET', `${path}?cursor=nonsense`))
      const environment = current.environments.get('dev')
      if (environment === undefined) throw new TypeError('dev is declared')
      const scope = { callerId: 'administrator', credentialId: environment.credential, environment }
      const cursor = cursors.seal({ scope, operation, query }, { awsPage: 'nonsense', seen: 0 })
      gateway.awsCalls.length = 0
      t.same(withoutIds(await gateway.send('GET', `${path}?cursor=${cursor}`)), expected)
      t.equal(gateway.awsCalls.length, 1)
    })

    t.test('all cursors have the same length, whatever the length of AWS\'s token', async (t) => {
      const { fastify: { cursors, config: { current } } } = await setUp(t)
      const environment = current.environments.get('dev')
      if (environment === undefined) throw new TypeError('dev is declared')
      const listing = { scope: { callerId: 'administrator', credentialId: environment.credential, environment }, operation, query }
      const last = 'd'.repeat(43)
      const places = [{ seen: 0 }, { seen: 7, last }, ...[1, 800, 900, 1_000, 4_096].map((length) => ({ awsPage: 'x'.repeat(length), seen: 100, last }))]
      const sealed = places.map((place) => cursors.seal(listing, place))
      t.same(new Set(sealed.map(({ length }) => length)).size, 1)
      t.same(sealed.map((cursor) => cursors.open(listing, cursor)), places)
      t.ok(`${path}?limit=100&cursor=${sealed[0] ?? ''}`.length < 8_000, 'the URL is short enough for servers and proxies')
      t.throws(() => cursors.seal(listing, { awsPage: 'x'.repeat(5_000), seen: 0 }), { code: 'aws-unavailable' }, 'AWS permits no such token')
    })

    t.test('a cursor reveals nothing, and no two cursors are equal', async (t) => {
      const gateway = await setUp(t)
      const [one, other] = [await cursorOf(gateway, path), await cursorOf(gateway, path)]
      t.not(one, other)
      t.equal(one.length, other.length)
      t.notMatch(Buffer.from(one, 'base64url').toString('latin1'), /team-a|awsPage|expires/)
    })
  })
}

t.test('replicas with the same key accept each other\'s cursors, and a key can be replaced', async (t) => {
  const [shared, next] = [randomBytes(32), randomBytes(32)]
  const file = `${t.testdir({ 'cursor.key': shared.toString('base64') })}/cursor.key`
  const [first, second, stranger] = [await setUp(t, file), await setUp(t, file), await setUp(t)]
  const path = '/environments/dev/secrets'
  const status = async (gateway: Gateway, cursor: string): Promise<number> =>
    (await gateway.send('GET', `${path}?limit=1&cursor=${cursor}`)).status
  const cursor = await cursorOf(first, path)
  t.equal(await status(second, cursor), 200)
  t.equal(await status(stranger, cursor), 400, 'a process without the key')

  const replaceKeys = ({ fastify: { config } }: Gateway, cursorKeys: readonly Uint8Array[]): void => {
    config.replace({ ...config.current, server: { ...config.current.server, cursorKeys } })
  }
  replaceKeys(first, [next, shared])
  t.equal(await status(first, cursor), 200, 'the old key is still accepted')
  const fresh = await cursorOf(first, path)
  t.equal(await status(second, fresh), 400, 'the first key encrypts')
  replaceKeys(first, [next])
  t.equal(await status(first, cursor), 400, 'the old key is no longer configured')
  t.equal(await status(first, fresh), 200)

  const own = await cursorOf(stranger, path)
  stranger.fastify.config.replace({ ...stranger.fastify.config.current })
  t.equal(await status(stranger, own), 200, 'without a configured key, cursors survive a reload')
})
